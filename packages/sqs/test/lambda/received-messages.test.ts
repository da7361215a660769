import { bytes, defineQueue, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sqsEvents, type SqsBatchResponse, type SqsEvent } from "../../src/lambda.ts";
import { lambdaEvent } from "../../src/testing.ts";
import { FIFO_EVENT, STANDARD_EVENT } from "./recorded-events.ts";

const orders = defineQueue<{ readonly orderId: string }>("orders");
const ALL_FINE: SqsBatchResponse = { batchItemFailures: [] };

describe("messages of an event", () => {
  async function received(event: SqsEvent): Promise<Message<unknown>> {
    const seen: Message<unknown>[] = [];
    const handler = createHandler(defineQueue("any"), sqsEvents(), (message) => void seen.push(message));
    expect(await handler(event)).toEqual(ALL_FINE);
    const [message] = seen;
    if (message === undefined) throw new Error("no message arrived");
    return message;
  }

  test("of other senders come with all that they carry, numbers and bytes as text", async () => {
    const [record] = STANDARD_EVENT.Records;
    expect(await received(STANDARD_EVENT)).toEqual({
      id: "059f36b4-87a3-44ab-83d2-661975830a7d",
      providerId: "059f36b4-87a3-44ab-83d2-661975830a7d",
      body: { orderId: "o-1" },
      attributes: { tenant: "a", weight: "12.5", stamp: "AAEC/w==", level: "gold" },
      attributeTypes: { weight: "Number", stamp: "Binary", level: "String.tier" },
      enqueuedAt: new Date(1_545_082_649_183),
      native: record,
    });
  });

  test("of a FIFO queue come with their group, and dead letters with their origin", async () => {
    expect(await received(FIFO_EVENT)).toMatchObject({
      orderingKey: "customer-7",
      deadLettered: { source: "before.fifo" },
    });
  });

  test("that are built decode as what was sent", async () => {
    const event = lambdaEvent(orders, [
      { body: { orderId: "o-9" }, id: "my-id", attributes: { tenant: "b" }, attempt: 4 },
    ]);
    expect(await received(event)).toMatchObject({
      id: "my-id",
      body: { orderId: "o-9" },
      attributes: { tenant: "b" },
      contentType: "application/json",
    });
  });

  test("without attributes of any kind are handled as first deliveries", async () => {
    const attempts: number[] = [];
    const handler = createHandler(orders, sqsEvents(), (_message, { attempt }) => attempts.push(attempt));
    const bare = { messageId: "m", receiptHandle: "h", body: '{"orderId":"o"}' };
    expect(await handler({ Records: [bare] } as unknown as SqsEvent)).toEqual(ALL_FINE);
    expect(attempts).toEqual([1]);
  });

  test("come as they were sent, whatever bytes and attributes they have", async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/).filter((text) => !/^aq-/i.test(text));
    const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed());
    const binary = defineQueue<Uint8Array>("binary", { codec: bytes() });
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.dictionary(name, text, { maxKeys: 14 }),
      async (body, attributes) => {
        const seen: Message<Uint8Array>[] = [];
        const handler = createHandler(binary, sqsEvents(), (message) => void seen.push(message));
        expect(await handler(lambdaEvent(binary, [{ body, attributes }]))).toEqual(ALL_FINE);
        expect(Buffer.from(seen[0]?.body ?? [])).toEqual(Buffer.from(body));
        expect({ ...seen[0]?.attributes }).toEqual({ ...attributes });
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  test("with a torn header of ours are reported, and their neighbours handled", async () => {
    const event = lambdaEvent(orders, [
      { body: { orderId: "a" }, messageId: "m-a" },
      { body: { orderId: "b" } },
    ]);
    Object.assign(event.Records[0]?.messageAttributes["aq-h"] ?? {}, { stringValue: "{" });
    const reply = await createHandler(orders, sqsEvents(), () => {})(event);
    expect(reply).toEqual({ batchItemFailures: [{ itemIdentifier: "m-a" }] });
  });
});

describe("an event that is none of SQS's is refused by name, and so nothing is deleted", () => {
  const handler = createHandler(orders, sqsEvents(), () => {});

  test.each([
    ["undefined", undefined, "got undefined"],
    ["null", null, "null"],
    ["an array", [], "an array"],
    ["the console's test event", { key1: "value1", key2: "value2" }, "key1, key2"],
    ["an HTTP request", { httpMethod: "GET", requestContext: {} }, "HTTP request"],
    ["EventBridge", { "detail-type": "Order placed", detail: {} }, "EventBridge"],
    ["SNS", { Records: [{ EventSource: "aws:sns", Sns: {} }] }, "aws:sns"],
    ["S3", { Records: [{ eventSource: "aws:s3", s3: {} }] }, "aws:s3"],
    ["a record that is none", { Records: ["x"] }, "record 0"],
    ["a record without an id", { Records: [{ eventSource: "aws:sqs", body: "{}" }] }, "no messageId"],
    [
      "a record with an empty id",
      { Records: [{ ...STANDARD_EVENT.Records[0], messageId: "" }] },
      "no messageId",
    ],
    ["a null among records", { Records: [...STANDARD_EVENT.Records, null] }, "record"],
    [
      "records of two queues",
      { Records: [...STANDARD_EVENT.Records, ...FIFO_EVENT.Records] },
      "record 1 of the event comes from another queue",
    ],
    [
      "a queue's ARN that is none",
      { Records: [{ ...STANDARD_EVENT.Records[0], eventSourceARN: "my-queue" }] },
      "is not the ARN of a queue",
    ],
  ])("%s", async (_what, event, words) => {
    await expect(handler(event as unknown as SqsEvent)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      provider: "sqs",
      message: expect.stringContaining(words),
    });
  });
});
