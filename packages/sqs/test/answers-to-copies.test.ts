import type { SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, test, vi } from "vitest";
import type { LeanClient } from "../src/lean-client.ts";
import { classifySqsError } from "../src/sqs-errors.ts";
import { call, plain, serveEachTest, server, taught, type Operation } from "./copying-clients.ts";
import { ANY_CREDENTIALS, rejection } from "./open-adapter.ts";
import { refusal, sent } from "./scripted-server.ts";

serveEachTest();

async function outcomeOf(by: LeanClient | SQSClient, operation: Operation): Promise<object> {
  return await call(by, operation).catch((error: unknown) => ({
    classified: classifySqsError(error, "send"),
    text: String(error),
    fields: Object.entries(error as object),
    class: Object.getPrototypeOf(error).constructor.name,
  }));
}

describe("the answer to a copy", () => {
  const message = {
    MessageId: "m",
    ReceiptHandle: "h",
    MD5OfBody: "5",
    Body: "b",
    MD5OfMessageAttributes: "6",
  };
  const withAttributes = (value: unknown): unknown => ({
    Messages: [{ ...message, MessageAttributes: value }],
  });
  const answers: [string, Operation, unknown][] = [
    ["nothing at all", "ReceiveMessage", ""],
    ["no message", "ReceiveMessage", {}],
    ["null for messages", "ReceiveMessage", { Messages: null }],
    ["a message", "ReceiveMessage", { Messages: [{ ...message, Attributes: { SentTimestamp: "1" } }] }],
    ["a message with nulls", "ReceiveMessage", { Messages: [{ ...message, Body: null, Attributes: null }] }],
    ["a null among messages", "ReceiveMessage", { Messages: [message, null] }],
    ["unknown fields", "ReceiveMessage", { Messages: [{ ...message, New: 1 }], Other: {} }],
    ["text attributes", "ReceiveMessage", withAttributes({ a: { DataType: "Number", StringValue: "1" } })],
    [
      "binary attributes",
      "ReceiveMessage",
      withAttributes({ a: { DataType: "Binary", BinaryValue: "AAE=" } }),
    ],
    ["an attribute that is no text", "ReceiveMessage", withAttributes({ a: "text" })],
    [
      "__proto__",
      "ReceiveMessage",
      `{"Messages":[{"MessageAttributes":{"__proto__":{"DataType":"String"}}}]}`,
    ],
    ["a body that is a number", "ReceiveMessage", { Messages: [{ ...message, Body: 5 }] }],
    ["a named type", "ReceiveMessage", { Messages: [{ __type: "Message", More: 1 }] }],
    ["messages that are none", "ReceiveMessage", { Messages: "none" }],
    ["results", "SendMessageBatch", { Successful: [{ ...sent("0", "b"), SequenceNumber: "7" }], Failed: [] }],
    ["refusals", "SendMessageBatch", { Failed: [{ Id: "0", SenderFault: true, Code: "C", Message: "M" }] }],
    ["results of deletes", "DeleteMessageBatch", { Successful: [{ Id: "0" }] }],
    ["results of changes", "ChangeMessageVisibilityBatch", { Successful: [{ Id: "0" }], Failed: [] }],
  ];

  test.each(answers)("with %s is read as the SDK reads it (%s)", async (_, operation, body) => {
    const { client } = await taught(operation);
    const headers = { "x-amz-id-2": "extended", "x-amz-cf-id": "front" };
    server.answer(operation, () => ({ body, headers }));
    // Some releases cannot read some of these answers.
    const expected = await outcomeOf(plain(), operation);
    expect(await outcomeOf(client, operation)).toEqual(expected);
  });

  /** The last is our own text, if there is one. */
  const failures: [string, ReturnType<typeof refusal>, string?][] = [
    ["a refusal", refusal("QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue")],
    ["a throttling", refusal("RequestThrottled", 403)],
    ["a failure", refusal("InternalFailure", 500)],
    [
      "a page of a proxy",
      { status: 503, body: "<html>busy</html>", headers: { "retry-after": "3" } },
      `SyntaxError: the answer is none of SQS's: status 503, "busy"`,
    ],
    [
      "a page with status 200",
      { status: 200, body: "<html>sign in</html>" },
      `SyntaxError: the answer is none of SQS's: status 200, "sign in"`,
    ],
    ["no success", { status: 204, body: "" }],
  ];

  test.each(failures)("that is %s gives the SDK's error, and was asked for once", async (_, reply, text) => {
    const { client } = await taught("SendMessageBatch");
    server.answer("SendMessageBatch", () => reply);
    const expected = await outcomeOf(plain(), "SendMessageBatch");
    expect(await outcomeOf(client, "SendMessageBatch")).toEqual(
      text === undefined ? expected : { ...expected, text },
    );
    expect(server.count("SendMessageBatch")).toBe(4);
  });

  test("that was cut off is a lost connection, and is not asked for again", async () => {
    const { client } = await taught("SendMessageBatch");
    server.answer("SendMessageBatch", () => "reset");
    const error = await rejection(call(client, "SendMessageBatch"));
    expect(classifySqsError(error, "send")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
    expect(server.count("SendMessageBatch")).toBe(3);
  });

  // In adaptive mode the SDK waits for seconds before it sends, and no signal ends that.
  test("that is a throttling makes the SDK wait for nothing, whatever mode the environment says", async () => {
    vi.stubEnv("AWS_RETRY_MODE", "adaptive");
    const { client } = await taught("SendMessageBatch");
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    server.answer("SendMessageBatch", () => refusal("RequestThrottled", 403));
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await rejection(call(client, "SendMessageBatch"))).toMatchObject({ name: "RequestThrottled" });
    }
  });

  test("that shows another time is learned from by the SDK, and by the copies after it", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const { client, made } = await taught("SendMessageBatch");
    server.answer("SendMessageBatch", (nth) =>
      nth === 3
        ? { status: 403, body: { __type: "RequestExpired" }, headers: { date } }
        : { body: {}, headers: { date } },
    );
    const error = await rejection(call(client, "SendMessageBatch"));
    expect(error).toMatchObject({ name: "RequestExpired", $metadata: { clockSkewCorrected: true } });
    // After the refusal the template is dropped, so two of the SDK's own requests come first.
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await call(client, "SendMessageBatch");
    }
    expect(made()).toBe(5);
    const [before, ...after] = server.calls.slice(-4).map(({ headers }) => String(headers["x-amz-date"]));
    const hours = new Set(after.map((stamp) => stamp.slice(9, 11)));
    expect(hours.size).toBe(1);
    expect(hours).not.toContain(before?.slice(9, 11));
  });

  test("that the SDK cannot come to read counts as possibly applied", async () => {
    let calls = 0;
    const credentials = async (): Promise<typeof ANY_CREDENTIALS & { expiration: Date }> => {
      calls += 1;
      if (calls > failFrom) throw new Error("the source of credentials is gone");
      // So soon that the SDK asks again each time.
      return { ...ANY_CREDENTIALS, expiration: new Date(Date.now() + 1_000) };
    };
    let failFrom = Infinity;
    const { client } = await taught("SendMessageBatch", { credentials });
    server.answer("SendMessageBatch", () => {
      failFrom = calls;
      return refusal("InternalFailure", 500);
    });
    const error = await rejection(call(client, "SendMessageBatch"));
    expect(classifySqsError(error, "send")).toMatchObject({ code: "UNAVAILABLE", ambiguous: true });
  });
});
