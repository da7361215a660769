import { describe, expect, test } from "vitest";
import type { ServiceBusReceivedMessage, ServiceBusSender } from "@azure/service-bus";
import { runServiceBus } from "../../support/running-service-bus.ts";

async function withQueue() {
  const running = await runServiceBus();
  running.namespace.createQueue("orders");
  const client = running.connect();
  const sender = client.createSender("orders");
  const receiver = client.createReceiver("orders");
  const receiveOne = async (): Promise<ServiceBusReceivedMessage> => {
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message === undefined) throw new Error("Nothing arrived.");
    return message;
  };
  return { ...running, client, sender, receiver, receiveOne };
}

describe("what a sender writes is what a receiver reads", () => {
  test.each([
    ["text", "hello"],
    ["an object", { a: [1, 2, { b: null }] }],
    ["a number", 12.5],
    ["null", null],
    ["no text at all", ""],
    ["text beyond ASCII", "\u{1f600} \u00e9\u4e2d"],
  ])("%s as JSON", async (_name, body) => {
    const { sender, receiveOne } = await withQueue();
    await sender.sendMessages({ body });
    expect((await receiveOne()).body).toEqual(body);
  });

  test("bytes as they are", async () => {
    const { sender, receiveOne } = await withQueue();
    const bytes = Buffer.from([0, 255, 1, 254, 10, 13]);
    await sender.sendMessages({ body: bytes });
    expect((await receiveOne()).body).toEqual(bytes);
  });

  test("a body of 200 kilobytes over several frames each way", async () => {
    const { sender, receiveOne } = await withQueue();
    const bytes = Buffer.alloc(200_000, "0123456789abcdef");
    await sender.sendMessages({ body: bytes });
    expect(bytes.equals((await receiveOne()).body as Buffer)).toBe(true);
  });

  test.each([
    ["value", { a: 1, list: ["x", 2] }],
    ["value", "plain text"],
    ["value", -7],
    ["sequence", [1, "two", { three: 3 }]],
  ] as const)("a body of type %s that is no data section: %j", async (bodyType, body) => {
    const { sender, receiveOne } = await withQueue();
    const annotated: Parameters<ServiceBusSender["sendMessages"]>[0] = { body, bodyType };
    await sender.sendMessages(annotated);
    const received = await receiveOne();
    expect(received.body).toEqual(body);
    expect(received._rawAmqpMessage.bodyType).toBe(bodyType);
  });

  test("every property that a message can have", async () => {
    const { sender, receiveOne } = await withQueue();
    const sent = {
      body: "x",
      messageId: "m-1",
      correlationId: "c-1",
      subject: "subject",
      to: "to",
      replyTo: "reply",
      contentType: "application/json",
      replyToSessionId: "rs",
      timeToLive: 3_600_000,
      partitionKey: "pk",
    };
    await sender.sendMessages(sent);
    expect(await receiveOne()).toMatchObject(sent);
  });

  test("application properties keep their values, and their types inside the broker", async () => {
    const { sender, receiveOne, namespace } = await withQueue();
    const applicationProperties = {
      text: "t",
      flag: true,
      zero: 0,
      small: 7,
      large: 4_000_000_000,
      huge: 9_007_199_254_740_991,
      negative: -5,
      broken: 1.25,
      moment: new Date(1_700_000_000_123),
      nothing: null,
    };
    await sender.sendMessages({ body: "x", applicationProperties });
    const [kept] = namespace.findMailbox("orders").peek({ fromSequenceNumber: 0, max: 1 });
    const types = [...(kept?.content.applicationProperties ?? [])].map(([name, { type }]) => [name, type]);
    expect(Object.fromEntries(types)).toEqual({
      text: "string",
      flag: "boolean",
      zero: "int",
      small: "uint",
      large: "uint",
      huge: "ulong",
      negative: "int",
      broken: "double",
      moment: "timestamp",
      nothing: "null",
    });
    // The SDK itself reads a timestamp as a number.
    const received = { ...applicationProperties, moment: applicationProperties.moment.getTime() };
    expect((await receiveOne()).applicationProperties).toEqual(received);
  });

  test.each([["text"], [42], [Buffer.from("0123456789abcdef")]])(
    "a message id that is %s",
    async (messageId) => {
      const { sender, receiveOne } = await withQueue();
      await sender.sendMessages({ body: "x", messageId });
      expect((await receiveOne()).messageId).toEqual(messageId);
    },
  );

  test("a message without an id gets one of 32 digits", async () => {
    const { sender, receiveOne } = await withQueue();
    await sender.sendMessages({ body: "x" });
    expect((await receiveOne()).messageId).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("what the broker adds", () => {
  test("number, times, count, state and lock of the first delivery", async () => {
    const { sender, receiveOne, namespace } = await withQueue();
    const before = Date.now();
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    const [first, second] = [await receiveOne(), await receiveOne()];
    expect([first.sequenceNumber?.toNumber(), second.sequenceNumber?.toNumber()]).toEqual([1, 2]);
    expect([first.deliveryCount, first.state]).toEqual([0, "active"]);
    const enqueuedAt = first.enqueuedTimeUtc?.getTime() ?? 0;
    expect(enqueuedAt).toBeGreaterThanOrEqual(before - 1);
    expect(enqueuedAt).toBeLessThanOrEqual(Date.now() + 1);
    const lockMs = (first.lockedUntilUtc?.getTime() ?? 0) - enqueuedAt;
    expect(lockMs).toBeGreaterThanOrEqual(namespace.queue("orders")?.settings.lockDurationMs ?? 0);
    expect(lockMs).toBeLessThan(120_000);
  });

  test("a lock token whose canonical form every later call can use", async () => {
    const { sender, receiveOne, receiver } = await withQueue();
    await sender.sendMessages({ body: "x" });
    const message = await receiveOne();
    expect(message.lockToken).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const until = message.lockedUntilUtc?.getTime() ?? 0;
    expect((await receiver.renewMessageLock(message)).getTime()).toBeGreaterThanOrEqual(until);
  });

  test("times are told in the client's time after the clock was advanced", async () => {
    const { sender, receiveOne, clock } = await withQueue();
    await clock.advance(86_400_000);
    await sender.sendMessages({ body: "x" });
    await clock.advance(3_600_000);
    const message = await receiveOne();
    const ageMs = Date.now() - (message.enqueuedTimeUtc?.getTime() ?? 0);
    expect(Math.abs(ageMs - 3_600_000)).toBeLessThan(10_000);
    expect(Math.abs((message.lockedUntilUtc?.getTime() ?? 0) - Date.now() - 60_000)).toBeLessThan(10_000);
  });

  test("the time to live of the entity where it is shorter than the message's", async () => {
    const { namespace, client } = await withQueue();
    namespace.createQueue("brief", { defaultMessageTimeToLiveMs: 60_000 });
    const sender = client.createSender("brief");
    await sender.sendMessages([
      { body: 1, timeToLive: 3_600_000 },
      { body: 2, timeToLive: 1000 },
      { body: 3 },
    ]);
    const messages = await client.createReceiver("brief").receiveMessages(3, { maxWaitTimeInMs: 10_000 });
    expect(messages.map(({ timeToLive }) => timeToLive)).toEqual([60_000, 1000, 60_000]);
  });
});

describe("batches", () => {
  test("every message of a batch is a message of its own, in order", async () => {
    const { sender, receiver, log, entity } = await withQueue();
    const batch = await sender.createMessageBatch();
    for (let index = 0; index < 100; index++) {
      expect(
        batch.tryAddMessage({ body: index, messageId: `m-${index}`, applicationProperties: { index } }),
      ).toBe(true);
    }
    await sender.sendMessages(batch);
    expect(log.count("send")).toBe(1);
    expect(entity("orders").counts.active).toBe(100);
    const messages = await receiver.receiveMessages(100, { maxWaitTimeInMs: 10_000 });
    expect(messages.map(({ body }) => body as number)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(messages.at(42)).toMatchObject({ messageId: "m-42", applicationProperties: { index: 42 } });
  });

  test("the size of a batch is that of the link", async () => {
    const { sender, namespace, client } = await withQueue();
    expect((await sender.createMessageBatch()).maxSizeInBytes).toBe(262_144);
    namespace.createQueue("large", { maxMessageSizeInKilobytes: 1024 });
    expect((await client.createSender("large").createMessageBatch()).maxSizeInBytes).toBe(1_048_576);
  });

  test("a batch is taken whole or not at all", async () => {
    const { client, namespace, entity } = await withQueue();
    namespace.createQueue("sessions", { requiresSession: true });
    const sender = client.createSender("sessions");
    await expect(
      sender.sendMessages([{ body: 1, sessionId: "s" }, { body: 2 }, { body: 3, sessionId: "s" }]),
    ).rejects.toThrow("The SessionId was not set on a message");
    expect(entity("sessions").counts.active).toBe(0);
  });
});

test("receive and delete takes messages for good", async () => {
  const { client, sender, entity } = await withQueue();
  await sender.sendMessages([
    { body: 1, messageId: "a" },
    { body: 2, messageId: "b" },
  ]);
  const receiver = client.createReceiver("orders", { receiveMode: "receiveAndDelete" });
  const messages = await receiver.receiveMessages(2, { maxWaitTimeInMs: 10_000 });
  expect(messages.map(({ body, lockToken }) => [body, lockToken])).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
  expect(entity("orders").counts.active).toBe(0);
  expect(entity("orders").outcomes).toEqual({ a: { taken: 1 }, b: { taken: 1 } });
});

test("messages come in the order of their numbers, and a message is one consumer's", async () => {
  const { client, sender } = await withQueue();
  await sender.sendMessages(Array.from({ length: 40 }, (_, index) => ({ body: index })));
  const receivers = [client.createReceiver("orders"), client.createReceiver("orders")];
  const lists = await Promise.all(
    receivers.map((each) => each.receiveMessages(20, { maxWaitTimeInMs: 10_000 })),
  );
  const bodies = lists.map((list) => list.map(({ body }) => body as number));
  for (const list of bodies) expect(list).toEqual(list.toSorted((left, right) => left - right));
  expect(new Set(bodies.flat()).size).toBe(40);
});

test("a topic gives every subscription its copy", async () => {
  const { client, namespace, entity } = await withQueue();
  namespace.createTopic("events");
  for (const name of ["a", "b"]) namespace.createSubscription("events", name);
  await client.createSender("events").sendMessages({ body: "hello", messageId: "m" });
  for (const name of ["a", "b"]) {
    const receiver = client.createReceiver("events", name);
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    expect(message).toMatchObject({ body: "hello", messageId: "m" });
    if (message !== undefined) await receiver.completeMessage(message);
    expect(entity(`events/Subscriptions/${name}`).outcomes).toEqual({ m: { completed: 1 } });
  }
});

test("names compare without case", async () => {
  const { client, sender } = await withQueue();
  await sender.sendMessages({ body: "x" });
  const [message] = await client.createReceiver("ORDERS").receiveMessages(1, { maxWaitTimeInMs: 10_000 });
  expect(message?.body).toBe("x");
});
