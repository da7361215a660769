import type { OutgoingMessage, Target } from "@anyqueue/core/adapter";
import { ServiceBusClient } from "@azure/service-bus";
import { message as amqp, type Message } from "rhea";
import { describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { connectionString } from "./service-bus-harness.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

// Each trap is first shown with the plain SDK (@azure/service-bus 7.9.5). Then the adapter avoids it.

const tapped = useTappedEmulator();

async function send(target: Target, messages: readonly OutgoingMessage[], by = tapped.adapter) {
  const producer = tapped.keep(by.openProducer(target));
  return valuesOf(await producer.sendBatch(messages, never));
}

/** A batch as it went over the wire: its envelope, and the messages in it. */
interface SentBatch {
  readonly envelope: Message;
  readonly messages: readonly Message[];
}

/** Every request that carried messages, without the client's own calls. */
function sentBatches(): readonly SentBatch[] {
  return tapped.tap.sent
    .map((bytes) => decoded(bytes))
    .filter(({ application_properties: properties }) => properties?.["operation"] === undefined)
    .map((envelope) => {
      const { content, multiple } = envelope.body as { content: Buffer | Buffer[]; multiple?: boolean };
      const messages = multiple === true ? [content].flat().map((bytes) => decoded(bytes)) : [envelope];
      return { envelope, messages };
    });
}

function decoded(bytes: Buffer): Message {
  return amqp.decode(bytes) as unknown as Message;
}

describe("the envelope of a batch", () => {
  test("trap: the SDK takes it from the first message, whatever session the others have", async () => {
    const sender = tapped.raw.createSender("keyed");
    const batch = await sender.createMessageBatch();
    const properties = { applicationProperties: { tenant: "of a" } };
    expect(batch.tryAddMessage({ body: "1", sessionId: "a", ...properties })).toBe(true);
    expect(batch.tryAddMessage({ body: "2", sessionId: "b" })).toBe(true);
    await sender.sendMessages(batch);
    const [sent] = sentBatches();
    expect(sent?.envelope).toMatchObject({ group_id: "a", application_properties: { tenant: "of a" } });
    expect(sent?.messages.map(({ group_id: session }) => session)).toEqual(["a", "b"]);
  });

  test("trap: the SDK mixes partition keys in the same way", async () => {
    const sender = tapped.raw.createSender("orders");
    const batch = await sender.createMessageBatch();
    for (const partitionKey of ["a", "b"])
      expect(batch.tryAddMessage({ body: "x", partitionKey })).toBe(true);
    await sender.sendMessages(batch);
    const keyOf = ({ message_annotations: annotations }: Message): unknown =>
      annotations?.["x-opt-partition-key"];
    const [sent] = sentBatches();
    expect(keyOf(present(sent).envelope)).toBe("a");
    expect(sent?.messages.map((each) => keyOf(each))).toEqual(["a", "b"]);
  });

  test("has one session here, which is that of all its messages", async () => {
    const keys = ["a", "b", "a", "c", "b", "a"];
    const messages = keys.map((orderingKey, index) => outgoing(`m${index}`, { orderingKey }));
    await send(sessionQueueOf(tapped.adapter, "keyed"), [
      ...messages,
      outgoing("alone"),
      outgoing("alone too"),
    ]);
    const sessions = sentBatches().map(({ envelope, messages: inside }) => [
      envelope.group_id,
      new Set(inside.map(({ group_id: session }) => session)),
    ]);
    for (const [ofEnvelope, ofMessages] of sessions) expect(ofMessages).toEqual(new Set([ofEnvelope]));
    // Three keys, and two messages without one, each with a session of its own.
    expect(sessions).toHaveLength(5);
  });
});

describe("a partition key beside a session", () => {
  test("trap: must be the same to the SDK, or the send throws a TypeError", async () => {
    const mixed = { body: "x", sessionId: "a", partitionKey: "b" };
    const error = await rejection(tapped.raw.createSender("keyed").sendMessages(mixed));
    expect(error).toBeInstanceOf(TypeError);
    expect(tapped.adapter.classify(error, "send")).toMatchObject({
      code: "INVALID_ARGUMENT",
      retryable: false,
    });
  });

  test("is never set here, also where an application's attribute has its name", async () => {
    const attributes = { partitionKey: "b", "x-opt-partition-key": "b" };
    await send(sessionQueueOf(tapped.adapter, "keyed"), [outgoing("m", { orderingKey: "a", attributes })]);
    const [sent] = sentBatches();
    expect(sent?.envelope).toMatchObject({ group_id: "a", application_properties: attributes });
    expect(sent?.envelope.message_annotations ?? {}).not.toHaveProperty("x-opt-partition-key");
  });
});

describe("the number of a scheduled message", () => {
  test("trap: is another one when it is due, so that the first leads to nothing", async () => {
    const sender = tapped.raw.createSender("orders");
    const [number] = await sender.scheduleMessages({ body: "x" }, new Date(Date.now() + 60_000));
    await tapped.emulator.clock.advance(61_000);
    const [message] = await tapped.raw.createReceiver("orders").receiveMessages(1);
    expect(message?.sequenceNumber?.toString()).not.toBe(number?.toString());
    expect(message?.enqueuedSequenceNumber?.toString()).toBe(number?.toString());
    const error = await rejection(sender.cancelScheduledMessages(present(number)));
    expect(tapped.adapter.classify(error, "cancel").code).toBe("NOT_FOUND");
  });

  test("trap: is another one for the SDK's deferred messages as well, which then cannot be found by it", async () => {
    const sender = tapped.raw.createSender("orders");
    const [number] = await sender.scheduleMessages({ body: "x" }, new Date(Date.now() + 60_000));
    await tapped.emulator.clock.advance(61_000);
    const receiver = tapped.raw.createReceiver("orders");
    const [message] = await receiver.receiveMessages(1);
    await receiver.deferMessage(present(message));
    const error = await rejection(receiver.receiveDeferredMessages(present(number)));
    expect(tapped.adapter.classify(error, "receive").code).toBe("NOT_FOUND");
    expect(await receiver.receiveDeferredMessages(present(message?.sequenceNumber))).toHaveLength(1);
  });

  test("is a cancel token here and no identity: that comes with the delivery, and a late cancel says so", async () => {
    const own = openAdapter(tapped.tap.endpoint, { options: { cancellable: true } });
    tapped.keep(own);
    const target = queueOf(own);
    const deliverAtMs = Date.now() + 60_000;
    const [receipt, other] = await send(
      target,
      [outgoing("m", { deliverAtMs }), outgoing("other", { deliverAtMs })],
      own,
    );
    expect(Object.keys(present(receipt))).toEqual(["cancelToken"]);
    const producer = own.openProducer(target);
    tapped.keep(producer);
    valuesOf(present(await producer.cancelBatch?.([present(other?.cancelToken)], never)));
    await tapped.emulator.clock.advance(61_000);
    const consumer = own.openConsumer(target, consumerOptions());
    tapped.keep(consumer);
    await consumer.open?.(never);
    const [delivery] = await receive(consumer, 1);
    expect(delivery?.id).toBe("m");
    expect(delivery?.providerId).not.toBe(receipt?.cancelToken);
    const [late] = present(await producer.cancelBatch?.([present(receipt?.cancelToken)], never));
    expect(own.classify(late?.ok === false ? late.error : undefined, "cancel").code).toBe("NOT_FOUND");
    valuesOf(await consumer.ackBatch([delivery?.handle], never));
  });

  test("is not told where delayed messages travel in batches: there is none to know", async () => {
    const deliverAtMs = Date.now() + 60_000;
    const [receipt] = await send(queueOf(tapped.adapter), [outgoing("m", { deliverAtMs })]);
    expect(receipt).toEqual({});
  });
});

describe("messages that do not fit one batch", () => {
  test("trap: are refused by the SDK as a whole; it splits nothing", async () => {
    const messages = ["a", "b"].map((messageId) => ({ body: Buffer.alloc(200_000), messageId }));
    const error = await rejection(tapped.raw.createSender("orders").sendMessages(messages));
    expect(tapped.adapter.classify(error, "send").code).toBe("BATCH_TOO_LARGE");
    expect(tapped.stored()).toEqual([]);
  });

  test("go in as many as they need here", async () => {
    const body = new Uint8Array(200_000);
    expect(
      await send(queueOf(tapped.adapter), [outgoing("a", { body }), outgoing("b", { body })]),
    ).toHaveLength(2);
    expect(tapped.emulator.log.count("send")).toBe(2);
  });
});

test("trap: the SDK sends no message id of its own; every message here has one", async () => {
  await tapped.raw.createSender("orders").sendMessages({ body: "x" });
  expect(sentBatches()[0]?.envelope.message_id).toBeUndefined();
  await send(queueOf(tapped.adapter), [outgoing("m")]);
  expect(sentBatches()[1]?.envelope.message_id).toBe("m");
});

describe("a busy service", () => {
  const busy = {
    protocol: "service-bus",
    operation: "send",
    count: 1,
    action: { kind: "throttle" },
  } as const;

  test("trap: makes the SDK wait half a minute by default before it tries again", async () => {
    const client = new ServiceBusClient(connectionString(tapped.tap.endpoint));
    tapped.keep(client);
    const sender = client.createSender("orders");
    await sender.sendMessages({ body: "first" });
    tapped.emulator.faults.add(busy);
    const giveUp = new AbortController();
    const sending = rejection(sender.sendMessages({ body: "x" }, { abortSignal: giveUp.signal }));
    const pending = new Promise((resolve) => setTimeout(resolve, 1_000, "pending"));
    expect(await Promise.race([sending, pending])).toBe("pending");
    giveUp.abort();
    await sending;
    expect(tapped.emulator.log.count("send")).toBe(2);
  });

  test("is reported at once here, with how long it asks to wait", async () => {
    const producer = tapped.adapter.openProducer(queueOf(tapped.adapter));
    tapped.keep(producer);
    await producer.open?.(never);
    tapped.emulator.faults.add(busy);
    const [result] = await producer.sendBatch([outgoing("m")], never);
    const error = result?.ok === false ? result.error : undefined;
    expect(tapped.adapter.classify(error, "send")).toMatchObject({ code: "THROTTLED", retryAfterMs: 2_000 });
  });
});

test("trap: the SDK calls errors retryable that it does not know; here the table decides", async () => {
  const condition = "com.microsoft:something-new";
  tapped.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    action: { kind: "error", condition, description: "never seen before" },
  });
  const error = await rejection(tapped.raw.createSender("orders").sendMessages({ body: "x" }));
  expect(error).toMatchObject({ retryable: true });
  expect(tapped.adapter.classify(error, "send")).toMatchObject({ code: "INTERNAL", retryable: false });
});

describe("a life of sixty days", () => {
  const LIFE_MS = 60 * 86_400_000;

  /** Times to live as the service keeps them. */
  async function lives(): Promise<readonly number[]> {
    const peeked = await tapped.raw.createReceiver("orders").peekMessages(10);
    return peeked.map(({ timeToLive }) => timeToLive ?? 0);
  }

  test("trap: the SDK cuts it to 49 days", async () => {
    await tapped.raw.createSender("orders").sendMessages({ body: "x", timeToLive: LIFE_MS });
    expect(await lives()).toEqual([2 ** 32 - 1]);
  });

  test("is whole of a message alone, of several, and of a delayed one, and so it is read", async () => {
    const target = queueOf(tapped.adapter);
    const deliverAtMs = Date.now() + 3_600_000;
    const long = (id: string): OutgoingMessage => outgoing(id, { ttlMs: LIFE_MS, subject: "s" });
    await send(target, [long("alone")]);
    await send(target, [long("first"), long("second")]);
    await send(target, [{ ...long("late"), deliverAtMs, orderingKey: "k" }]);
    expect(await lives()).toEqual(Array.from({ length: 4 }, () => LIFE_MS));
    const deliveries = await receive(await tapped.consume(), 3);
    for (const { expiresAtMs = 0, enqueuedAtMs = 0, subject } of deliveries)
      expect([expiresAtMs - enqueuedAtMs, subject]).toEqual([LIFE_MS, "s"]);
  });
});
