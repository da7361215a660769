import type { ConsumerDriver, Delivery, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { consumerOptions, fifo, never, openAdapter, present, rejection, standard } from "./open-adapter.ts";
import { refusal, ScriptedServer, stored, type ScriptedCall, type ScriptedReply } from "./scripted-server.ts";

const HOUR_MS = 3_600_000;
const ASK = { maxItems: 10, waitMs: 20_000 };

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await adapter.close();
  await server.close();
});

function onReceive(reply: (call: ScriptedCall, nth: number) => ScriptedReply | Promise<ScriptedReply>): void {
  server.script((call) =>
    call.operation === "ReceiveMessage" ? reply(call, server.count("ReceiveMessage")) : undefined,
  );
}

/** An answer that is given when the test says so. */
function held(): { readonly reply: Promise<ScriptedReply>; give(body: unknown): void } {
  const given = new EventEmitter();
  const reply = once(given, "given").then(([body]): ScriptedReply => ({ body }));
  return { reply, give: (body) => void given.emit("given", body) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const fifoSystem = (group: string): Record<string, string> => ({
  MessageGroupId: group,
  SequenceNumber: "1",
});
const idsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

async function receiveOne(consumer: ConsumerDriver<unknown>): Promise<Delivery<unknown>> {
  const [delivery] = await consumer.receiveBatch(ASK, never);
  return present(delivery, "delivery");
}

describe("receiving", () => {
  test("asks for every attribute, a long poll, the consumer's lease and no more than there is room for", async () => {
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions(45_500));
    await consumer.receiveBatch({ maxItems: 3, waitMs: 1_200 }, never);
    await consumer.receiveBatch({ maxItems: 50, waitMs: 90_000 }, never);
    const [first, second] = server.inputs("ReceiveMessage");
    expect(first).toEqual({
      QueueUrl: expect.any(String),
      MaxNumberOfMessages: 3,
      WaitTimeSeconds: 2,
      VisibilityTimeout: 46,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    });
    expect(second).toMatchObject({ MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
  });

  test("takes an answer without messages for an empty one", async () => {
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    expect(await consumer.receiveBatch(ASK, never)).toEqual([]);
  });

  test("loses only the message with a wrong checksum, reports it and leaves it to its lease", async () => {
    onReceive(() => ({
      body: { Messages: [stored("1", "a"), { ...stored("2", "b"), Body: "bent" }, stored("3", "c")] },
    }));
    const options = consumerOptions();
    const deliveries = await adapter.openConsumer(standard(adapter), options).receiveBatch(ASK, never);
    expect(idsOf(deliveries)).toEqual(["1", "3"]);
    expect(options.faults).toEqual([
      expect.objectContaining({ name: "ChecksumError", message: expect.stringContaining("2") }),
    ]);
    expect(server.count("ChangeMessageVisibilityBatch")).toBe(0);
  });

  test("holds the followers of a damaged message back, so that its key keeps its order", async () => {
    const bent = { ...stored("1", "a", fifoSystem("k")), Body: "bent" };
    onReceive(() => ({
      body: { Messages: [bent, stored("2", "b", fifoSystem("k")), stored("3", "c", fifoSystem("other"))] },
    }));
    const deliveries = await adapter.openConsumer(fifo(adapter), consumerOptions()).receiveBatch(ASK, never);
    expect(idsOf(deliveries)).toEqual(["3"]);
  });

  test("rejects when the queue has too many messages in flight, so that the core waits and asks again", async () => {
    onReceive(() => refusal("OverLimit", 403));
    const error: unknown = await adapter
      .openConsumer(standard(adapter), consumerOptions())
      .receiveBatch(ASK, never)
      .catch((reason: unknown) => reason);
    expect(adapter.classify(error, "receive")).toMatchObject({ code: "QUOTA_EXCEEDED", retryable: true });
  });

  test("gives polls connections of their own, so that deletes never wait for them", async () => {
    const answers = Array.from({ length: 80 }, held);
    onReceive((_, nth) => answers[nth - 1]?.reply ?? { body: {} });
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const polls = answers.map(() => consumer.receiveBatch(ASK, never));
    await until(() => server.count("ReceiveMessage") === answers.length);
    const [result] = await consumer.ackBatch([{ receiptHandle: "h", receivedAtMs: 0 }], never);
    expect(result?.ok).toBe(true);
    for (const answer of answers) answer.give({});
    await Promise.all(polls);
  });
});

describe("attempt ids of FIFO polls", () => {
  const attemptsOf = (): readonly unknown[] =>
    server.inputs("ReceiveMessage").map((input) => input["ReceiveRequestAttemptId"]);

  test("are new for every poll, and absent on standard queues", async () => {
    const consumer = adapter.openConsumer(fifo(adapter), consumerOptions());
    await consumer.receiveBatch(ASK, never);
    await consumer.receiveBatch(ASK, never);
    await adapter.openConsumer(standard(adapter), consumerOptions()).receiveBatch(ASK, never);
    const [first, second, third] = attemptsOf();
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(third).toBeUndefined();
  });

  test("are repeated after a poll whose answer was lost, once", async () => {
    onReceive((_, nth) => (nth === 1 ? "reset" : { body: {} }));
    const consumer = adapter.openConsumer(fifo(adapter), consumerOptions());
    await rejection(consumer.receiveBatch(ASK, never));
    await consumer.receiveBatch(ASK, never);
    await consumer.receiveBatch(ASK, never);
    const [first, second, third] = attemptsOf();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test("are not repeated by an ask with less room than the lost answer may need", async () => {
    onReceive((_, nth) => (nth === 1 ? "reset" : { body: {} }));
    const consumer = adapter.openConsumer(fifo(adapter), consumerOptions());
    await rejection(consumer.receiveBatch({ ...ASK, maxItems: 8 }, never));
    await consumer.receiveBatch({ ...ASK, maxItems: 2 }, never);
    await consumer.receiveBatch({ ...ASK, maxItems: 9 }, never);
    const [first, second, third] = attemptsOf();
    expect(second).not.toBe(first);
    expect(third).toBe(first);
  });

  test("are given up after five minutes, when SQS has forgotten them", async () => {
    const clock = createVirtualClock();
    const other = openAdapter(server.endpoint, { clock });
    onReceive((_, nth) => (nth === 1 ? "reset" : { body: {} }));
    const consumer = other.openConsumer(fifo(other), consumerOptions());
    await rejection(consumer.receiveBatch(ASK, never));
    await clock.advance(301_000);
    await consumer.receiveBatch(ASK, never);
    const [first, second] = attemptsOf();
    expect(second).not.toBe(first);
    await other.close();
  });
});

describe("an aborted poll", () => {
  test("resolves at once with nothing, and what it still brings is released", async () => {
    const answer = held();
    onReceive(() => answer.reply);
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("ReceiveMessage") === 1);
    controller.abort();
    expect(await poll).toEqual([]);
    answer.give({ Messages: [stored("1", "a"), stored("2", "b")] });
    await until(() => server.count("ChangeMessageVisibilityBatch") === 1);
    expect(server.inputs("ChangeMessageVisibilityBatch")[0]?.["Entries"]).toEqual([
      { Id: "0", ReceiptHandle: "handle-1", VisibilityTimeout: 0 },
      { Id: "1", ReceiptHandle: "handle-2", VisibilityTimeout: 0 },
    ]);
    await consumer.close();
  });

  test("is awaited by close, so that a late answer is released before the connection ends", async () => {
    const answer = held();
    onReceive(() => answer.reply);
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    const closed = consumer.close();
    answer.give({ Messages: [stored("1", "a")] });
    await closed;
    expect(server.count("ChangeMessageVisibilityBatch")).toBe(1);
  });

  test("is cut off by close when nothing comes, within a second", async () => {
    onReceive(() => "hang");
    const consumer = adapter.openConsumer(fifo(adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    const startedAt = performance.now();
    await consumer.close();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await server.calls.at(-1)?.gone;
    expect(await consumer.receiveBatch(ASK, never)).toEqual([]);
  });

  test("is taken over by the next ask, which costs neither a request nor a delivery count", async () => {
    const answer = held();
    onReceive(() => answer.reply);
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const first = new AbortController();
    const second = new AbortController();
    const aborted = [consumer.receiveBatch(ASK, first.signal)];
    await until(() => server.count("ReceiveMessage") === 1);
    first.abort();
    aborted.push(consumer.receiveBatch(ASK, second.signal));
    second.abort();
    expect((await Promise.all(aborted)).flat()).toEqual([]);
    const third = consumer.receiveBatch(ASK, never);
    answer.give({ Messages: [stored("1", "a")] });
    expect(idsOf(await third)).toEqual(["1"]);
    await consumer.close();
    expect(server.count("ReceiveMessage")).toBe(1);
    expect(server.count("ChangeMessageVisibilityBatch")).toBe(0);
  });

  test.each([
    ["has room for less", { maxItems: 9, waitMs: 20_000 }],
    ["does not wait that long", { maxItems: 10, waitMs: 1_000 }],
  ])("is left alone by an ask that %s", async (_, ask) => {
    const answer = held();
    onReceive((call, nth) => (nth === 1 ? answer.reply : { body: {} }));
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    expect(await consumer.receiveBatch(ask, never)).toEqual([]);
    expect(server.count("ReceiveMessage")).toBe(2);
    answer.give({});
    await consumer.close();
  });

  test("asks for nothing if it was aborted before it began", async () => {
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    expect(await consumer.receiveBatch(ASK, AbortSignal.abort())).toEqual([]);
    expect(server.calls).toHaveLength(0);
  });

  test("reports a late answer that could not be released", async () => {
    const answer = held();
    const options = consumerOptions();
    server.script((call) => {
      if (call.operation === "ReceiveMessage") return answer.reply;
      return call.operation === "ChangeMessageVisibilityBatch" ? "reset" : undefined;
    });
    const consumer = adapter.openConsumer(standard(adapter), options);
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    answer.give({ Messages: [stored("1", "a")] });
    await until(() => options.faults.length === 1);
    expect(adapter.classify(options.faults[0], "release").code).toBe("CONNECTION_LOST");
    await consumer.close();
  });
});

describe("settling", () => {
  const handles = (count: number): { receiptHandle: string; receivedAtMs: number }[] =>
    Array.from({ length: count }, (_, index) => ({
      receiptHandle: `h${index}`,
      receivedAtMs: performance.now(),
    }));

  test("deletes and changes visibility in tens, with one result per item", async () => {
    server.script((call) =>
      call.operation === "DeleteMessageBatch" && server.count("DeleteMessageBatch") === 2
        ? {
            body: {
              Failed: [{ Id: "0", Code: "ReceiptHandleIsInvalid", SenderFault: true, Message: "expired" }],
            },
          }
        : undefined,
    );
    const consumer = adapter.openConsumer(fifo(adapter), consumerOptions());
    const acked = await consumer.ackBatch(handles(11), never);
    expect(acked.map((result) => result.ok)).toEqual([...Array(10).fill(true), false]);
    const [lost] = acked.flatMap((result) => (result.ok ? [] : [adapter.classify(result.error, "ack")]));
    expect(lost).toMatchObject({ code: "LEASE_LOST", retryable: false, ambiguous: false });
    const released = await consumer.releaseBatch(
      handles(12).map((handle) => ({ handle, delayMs: 1_500, cause: "retry" as const })),
      never,
    );
    expect(released).toHaveLength(12);
    expect(
      server.inputs("ChangeMessageVisibilityBatch").map((input) => (input["Entries"] as unknown[]).length),
    ).toEqual([10, 2]);
    expect(server.inputs("ChangeMessageVisibilityBatch")[0]?.["Entries"]).toContainEqual({
      Id: "0",
      ReceiptHandle: "h0",
      VisibilityTimeout: 2,
    });
  });

  test("calls a delete ambiguous whose answer was lost", async () => {
    server.script((call) => (call.operation === "DeleteMessageBatch" ? "reset" : undefined));
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const error: unknown = await consumer.ackBatch(handles(1), never).catch((reason: unknown) => reason);
    expect(adapter.classify(error, "ack")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
    expect(server.count("DeleteMessageBatch")).toBe(1);
  });

  test("never asks for more than what is left of 12 hours, which SQS would refuse", async () => {
    const clock = createVirtualClock();
    const slow = openAdapter(server.endpoint, { clock });
    onReceive(() => ({ body: { Messages: [stored("1", "a")] } }));
    const consumer = slow.openConsumer(standard(slow), consumerOptions());
    const { handle } = await receiveOne(consumer);
    await clock.advance(11 * HOUR_MS);
    const [extended] = (await consumer.extendBatch?.([{ handle, leaseMs: 2 * HOUR_MS }], never)) ?? [];
    await consumer.releaseBatch([{ handle, delayMs: 5 * HOUR_MS, cause: "retry" }], never);
    const [first, second] = server
      .inputs("ChangeMessageVisibilityBatch")
      .map((input) => (input["Entries"] as { VisibilityTimeout: number }[])[0]?.VisibilityTimeout);
    expect(first).toBe(3_595);
    expect(extended).toEqual({ ok: true, value: { leaseMs: 3_595_000 } });
    expect(second).toBe(3_595);
    await clock.advance(HOUR_MS);
    const [over] = (await consumer.extendBatch?.([{ handle, leaseMs: 60_000 }], never)) ?? [];
    expect(over).toMatchObject({ ok: false, error: { code: "LEASE_LOST" } });
    expect(server.count("ChangeMessageVisibilityBatch")).toBe(2);
    await slow.close();
  });

  test("answers an extension with what the lease is worth when the answer is here", async () => {
    const clock = createVirtualClock();
    const slow = openAdapter(server.endpoint, { clock });
    server.script(async (call) => {
      if (call.operation === "ChangeMessageVisibilityBatch") await clock.advance(400);
      return undefined;
    });
    const consumer = slow.openConsumer(standard(slow), consumerOptions());
    const handle = { receiptHandle: "h", receivedAtMs: clock.now() };
    const [extended] = (await consumer.extendBatch?.([{ handle, leaseMs: 30_000 }], never)) ?? [];
    expect(extended).toEqual({ ok: true, value: { leaseMs: 29_600 } });
    await slow.close();
  });
});

describe("closing", () => {
  test("refuses what comes later, and leaves a client that was given in open", async () => {
    const { SQSClient } = await import("@aws-sdk/client-sqs");
    const client = new SQSClient({
      region: "eu-west-1",
      endpoint: server.endpoint,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    const borrowing = openAdapter(undefined, { options: { client } });
    const consumer = borrowing.openConsumer(standard(borrowing), consumerOptions());
    await consumer.receiveBatch(ASK, never);
    const original = client.destroy.bind(client);
    let destroyed = 0;
    client.destroy = () => {
      destroyed += 1;
      original();
    };
    await borrowing.close();
    await borrowing.close();
    expect(destroyed).toBe(0);
    const error: unknown = await consumer.receiveBatch(ASK, never).catch((reason: unknown) => reason);
    expect(borrowing.classify(error, "receive").code).toBe("CLOSED");
    client.destroy();
  });
});
