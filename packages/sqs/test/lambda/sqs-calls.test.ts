import { DeadLetterError, deadLetters, defineQueue, RetryError, unchecked } from "@anyqueue/core";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import { sqsCalls, type SqsCallsOptions } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { lambdaContext, lambdaEvent } from "../../src/testing.ts";
import { lambdaBench, sendAll } from "./lambda-bench.ts";

interface Order {
  readonly orderId: string;
}

const orders = defineQueue<Order>("orders", { retry: { attempts: 3 } });
const bench = lambdaBench();
const bad = (): never => {
  throw new DeadLetterError("no such customer");
};
const ids = (count: number): Order[] =>
  Array.from({ length: count }, (_, index) => ({ orderId: `${index}` }));

describe("with changeVisibility", () => {
  test("a failed message comes again after its delay, and its visibility changes in tens", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders", { VisibilityTimeout: "600" });
    await sendAll(client(), orders, ids(10));
    const attempts: number[] = [];
    const source = sqsEvents({ calls: calls({ changeVisibility: true }) });
    const handler = createHandler(orders, source, (_message, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new RetryError({ delay: "30s" });
    });
    const first = await mapping.invoke(handler);
    expect(first?.response?.batchItemFailures).toHaveLength(first?.event.Records.length ?? 0);
    await emulator.clock.advance(15_000);
    expect(await mapping.invoke(handler)).toBeUndefined();
    await emulator.clock.advance(16_000);
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
    expect(attempts).toEqual([...Array<number>(10).fill(1), ...Array<number>(10).fill(2)]);
    expect(emulator.log.count("ChangeMessageVisibilityBatch")).toBe(1);
    expect(emulator.log.count("GetQueueUrl")).toBe(1); // the producer's
  });

  test("extend lengthens the visibility of a message", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders", { VisibilityTimeout: "30" });
    await sendAll(client(), orders, ids(1));
    const source = sqsEvents({ calls: calls({ changeVisibility: true }) });
    const handler = createHandler(orders, source, async (_message, { extend }) => {
      await extend("10m");
      await emulator.clock.advance(580_000);
      expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 0, inFlight: 1 });
    });
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
  });

  test("a delay that SQS cannot keep after the batching window is kept as far as it can be", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders", { VisibilityTimeout: "600" });
    await sendAll(client(), orders, ids(1));
    const failed: unknown[] = [];
    const options: HandlerOptions = { listener: { "settle-failed": (event) => failed.push(event) } };
    const source = sqsEvents({ calls: calls({ changeVisibility: true }) });
    const handler = createHandler(
      orders,
      source,
      () => Promise.reject(new RetryError({ delay: "12h" })),
      options,
    );
    // SQS counts its 12 hours from the receive, and Lambda gathers a batch for up to five minutes after it.
    await mapping.invoke(async (event, context) => {
      await emulator.clock.advance(300_000);
      return await handler(event, context);
    });
    // SQS refuses a longer timeout as a whole: the message would come again with the queue's own.
    expect(failed).toEqual([]);
    await emulator.clock.advance(11 * 3_600_000);
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 0, inFlight: 1 });
    await emulator.clock.advance(3_600_000);
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 1 });
  });

  test("extend never ends before the call does: Lambda deletes only then", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders", { VisibilityTimeout: "720" });
    await sendAll(client(), orders, ids(2));
    const source = sqsEvents({ calls: calls({ changeVisibility: true }) });
    const extended = Promise.withResolvers<void>();
    let ended = 0;
    const handler = createHandler(orders, source, async (_message, { extend }) => {
      ended += 1;
      if (ended === 1) {
        await extend("30s");
        extended.resolve();
        return;
      }
      await extended.promise;
      // The other message is handled, but not deleted: it must not come to another process meanwhile.
      await emulator.clock.advance(119_000);
      expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 0, inFlight: 2 });
    });
    const invoked = await mapping.invoke(handler, { context: lambdaContext("2m") });
    expect(invoked?.event.Records).toHaveLength(2);
    expect(invoked?.response).toEqual({ batchItemFailures: [] });
  });

  test("a refused change is reported, and the message is listed all the same", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders", { VisibilityTimeout: "30" });
    await sendAll(client(), orders, ids(1));
    emulator.faults.add({ operation: "ChangeMessageVisibility*", action: { kind: "accessDenied" } });
    const reported: unknown[] = [];
    const options: HandlerOptions = { listener: { "settle-failed": (event) => reported.push(event) } };
    const source = sqsEvents({ calls: calls({ changeVisibility: true }) });
    const handler = createHandler(orders, source, () => Promise.reject(new Error("down")), options);
    expect((await mapping.invoke(handler))?.response?.batchItemFailures).toHaveLength(1);
    expect(reported).toMatchObject([
      {
        target: "sqs://eu-west-1/orders",
        kind: "release",
        error: { code: "ACCESS_DENIED", provider: "sqs" },
      },
    ]);
    await emulator.clock.advance(31_000);
    expect(await mapping.invoke(handler)).toBeDefined();
  });
});

describe("with a deadLetterQueue", () => {
  test("a dead letter is sent there with its reason, then reported as handled", async () => {
    const { bodies, calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders");
    await createQueue("orders-dead");
    const ours = client();
    await ours.producer(orders).send({ orderId: "o-1" }, { id: "my-id", attributes: { tenant: "a" } });
    const handler = createHandler(
      orders,
      sqsEvents({ calls: calls({ deadLetterQueue: "orders-dead" }) }),
      bad,
    );
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
    expect(bodies("orders")).toEqual([]);
    expect(bodies("orders-dead")).toEqual(['{"orderId":"o-1"}']);
    const [dead] = await ours.consumer(deadLetters(orders)).receive();
    expect(dead).toMatchObject({
      id: "my-id",
      attributes: { tenant: "a" },
      deadLettered: { reason: "no such customer", source: "orders", attempts: 1 },
    });
    await dead?.ack();
    expect(
      emulator.log.entries().filter(({ operation }) => operation.startsWith("SendMessage")),
    ).toHaveLength(2);
  });

  test.each([
    ["its ARN", (arn: string) => arn],
    ["its URL", (_arn: string, endpoint: string) => `${endpoint}/000000000000/orders-dead`],
  ])("it can be named by %s", async (_what, name) => {
    const { bodies, calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders");
    const { arn } = await createQueue("orders-dead");
    await sendAll(client(), orders, ids(1));
    const deadLetterQueue = name(arn, emulator.endpoints.sqs ?? "");
    const handler = createHandler(orders, sqsEvents({ calls: calls({ deadLetterQueue }) }), bad);
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
    expect(bodies("orders-dead")).toHaveLength(1);
  });

  test("a foreign message is copied as it is, without a content type that nobody gave it", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders");
    await createQueue("orders-dead");
    const foreign = lambdaEvent(orders, [{ body: { orderId: "o-1" } }]);
    const records = foreign.Records.map((record) => ({
      ...record,
      eventSourceARN: mapping.arn,
      messageAttributes: { tenant: { dataType: "String", stringValue: "a" } },
    }));
    const handler = createHandler(
      orders,
      sqsEvents({ calls: calls({ deadLetterQueue: "orders-dead" }) }),
      bad,
    );
    expect(await handler({ Records: records })).toEqual({ batchItemFailures: [] });
    const [dead] = await client().consumer(deadLetters(orders)).receive();
    expect(dead).toMatchObject({ attributes: { tenant: "a" }, deadLettered: { reason: "no such customer" } });
    expect(dead?.contentType ?? "").toBe("");
    await dead?.ack();
    expect(emulator.log.count("SendMessageBatch")).toBe(1);
  });

  test("dead letters that are too large for one request are sent in several", async () => {
    const { bodies, calls, client, createQueue } = bench();
    const mapping = await createQueue("orders");
    await createQueue("orders-dead");
    const large = "x".repeat(600_000);
    await sendAll(client(), orders, [{ orderId: `1${large}` }, { orderId: `2${large}` }]);
    const source = sqsEvents({ calls: calls({ deadLetterQueue: "orders-dead" }) });
    const invoked = await mapping.invoke(createHandler(orders, source, bad));
    expect(invoked?.response?.batchItemFailures).toEqual([]);
    expect(bodies("orders-dead")).toHaveLength(2);
  });

  test("a copy that cannot be sent leaves the message in its queue", async () => {
    const { bodies, calls, client, createQueue } = bench();
    const mapping = await createQueue("orders");
    await sendAll(client(), orders, ids(2));
    const reported: string[] = [];
    const options: HandlerOptions = {
      listener: { "dead-letter-failed": ({ error }) => reported.push(error.code) },
    };
    const source = sqsEvents({ calls: calls({ deadLetterQueue: "nowhere" }) });
    const invoked = await mapping.invoke(createHandler(orders, source, bad, options));
    expect(invoked?.response?.batchItemFailures).toHaveLength(2);
    expect(bodies("orders")).toHaveLength(2);
    expect(reported).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });

  test("a copy that was sent only on a second try is there, and the message is done", async () => {
    const { bodies, calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders");
    await createQueue("orders-dead");
    await sendAll(client(), orders, ids(1));
    emulator.faults.add({ operation: "SendMessage*", count: 1, action: { kind: "throttle" } });
    const handler = createHandler(
      orders,
      sqsEvents({ calls: calls({ deadLetterQueue: "orders-dead" }) }),
      bad,
    );
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
    expect(bodies("orders-dead")).toHaveLength(1);
  });

  test("later messages of a FIFO group are handled after the dead letter", async () => {
    const { bodies, calls, client, createQueue } = bench();
    const ordered = defineQueue("orders", { schema: unchecked<Order>(), orderingKey: () => "one" });
    const mapping = await createQueue("orders.fifo");
    await createQueue("orders-dead.fifo");
    await sendAll(client(), ordered, ids(3));
    const seen: string[] = [];
    const source = sqsEvents({ calls: calls({ deadLetterQueue: "orders-dead.fifo" }) });
    const handler = createHandler(ordered, source, ({ body }) => {
      seen.push(body.orderId);
      if (body.orderId === "1") bad();
    });
    expect((await mapping.invoke(handler))?.response).toEqual({ batchItemFailures: [] });
    expect(seen).toEqual(["0", "1", "2"]);
    expect(bodies("orders-dead.fifo")).toEqual(['{"orderId":"1"}']);
  });
});

describe("what a function may ask of SQS", () => {
  test("is not asked while everything succeeds", async () => {
    const { calls, client, createQueue, emulator } = bench();
    const mapping = await createQueue("orders");
    await sendAll(client(), orders, ids(5));
    const source = sqsEvents({ calls: calls({ changeVisibility: true, deadLetterQueue: "orders-dead" }) });
    const before = emulator.log.count();
    expect((await mapping.invoke(createHandler(orders, source, () => {})))?.response).toBeDefined();
    // The mapping's own two calls.
    expect(emulator.log.count() - before).toBe(2);
  });

  test("is only what was allowed, over one connection for all events of a queue", () => {
    const calls = sqsCalls({ deadLetterQueue: "orders-dead" });
    const arn = "arn:aws:sqs:eu-west-1:123456789012:orders";
    const [first, second] = [calls.of(arn, []), calls.of(arn, [])];
    expect(second.adapter).toBe(first.adapter);
    expect(Object.keys(first.settle)).toEqual(["deadLetterBatch"]);
  });

  test("is refused where the event does not say its queue", async () => {
    const [record] = lambdaEvent(orders, [{ body: { orderId: "o" } }]).Records;
    const event = { Records: [{ ...record, eventSourceARN: undefined }] } as never;
    const source = sqsEvents({ calls: sqsCalls({ changeVisibility: true }) });
    await expect(createHandler(orders, source, () => {})(event)).rejects.toThrow("no eventSourceARN");
  });

  test("is refused where dead letters of a FIFO queue would lose their order", async () => {
    const event = lambdaEvent(orders, [{ body: { orderId: "o" } }], { queue: "orders.fifo" });
    const source = sqsEvents({ calls: sqsCalls({ deadLetterQueue: "orders-dead" }) });
    await expect(createHandler(orders, source, () => {})(event)).rejects.toThrow("is a FIFO queue");
  });

  test.each([
    [{}, "nothing is allowed"],
    [{ changeVisibility: "yes" }, "changeVisibility: expected true or false"],
    [{ deadLetterQueue: "" }, "deadLetterQueue: expected"],
    [{ deadLetterQueue: "no queue" }, "does not name an SQS queue"],
    [{ changeVisibility: true, endpoint: "ftp://x" }, "endpoint"],
    [{ changeVisibility: true, regoin: "eu-west-1" }, 'did you mean "region"?'],
    [undefined, "nothing is allowed"],
  ])("is checked when it is said: %o", (options, words) => {
    expect(() => {
      const calls = sqsCalls(options as SqsCallsOptions);
      calls.of("arn:aws:sqs:eu-west-1:123456789012:orders", []);
    }).toThrow(words);
  });
});
