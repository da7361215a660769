import { describe, expect, test } from "vitest";
import { runServiceBus } from "../../support/running-service-bus.ts";

describe("time to live", () => {
  test("of a message removes it, without a trace unless the queue dead-letters it", async () => {
    const { namespace, clock, connect } = await runServiceBus();
    const plain = namespace.createQueue("plain");
    const burying = namespace.createQueue("burying", { deadLetteringOnMessageExpiration: true });
    const client = connect();
    for (const name of ["plain", "burying"])
      await client.createSender(name).sendMessages([{ body: "short", timeToLive: 60_000 }, { body: "long" }]);
    await clock.advance(61_000);
    expect([plain.counts, burying.counts]).toMatchObject([
      { active: 1, deadLetter: 0 },
      { active: 1, deadLetter: 1 },
    ]);
    const receiver = client.createReceiver("burying", { subQueueType: "deadLetter" });
    const [dead] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    expect(dead).toMatchObject({ body: "short", deadLetterReason: "TTLExpiredException" });
  });

  test("is told to the receiver as the smaller of the message's and the entity's", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createTopic("t", { defaultMessageTimeToLiveMs: 3_600_000 });
    namespace.createSubscription("t", "s", { defaultMessageTimeToLiveMs: 7_200_000 });
    const client = connect();
    await client.createSender("t").sendMessages([{ body: "1", timeToLive: 60_000 }, { body: "2" }]);
    const messages = await client.createReceiver("t", "s").peekMessages(2);
    expect(messages.map(({ timeToLive }) => timeToLive)).toEqual([60_000, 3_600_000]);
    const [first] = messages;
    expect(Number(first?.expiresAtUtc) - Number(first?.enqueuedTimeUtc)).toBe(60_000);
  });

  test("leaves a message that is held to its receiver until the lock ends", async () => {
    const { namespace, clock, connect } = await runServiceBus();
    const queue = namespace.createQueue("orders", { lockDurationMs: 60_000 });
    const client = connect();
    await client.createSender("orders").sendMessages({ body: "1", timeToLive: 10_000 });
    const receiver = client.createReceiver("orders");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    await clock.advance(20_000);
    expect(queue.counts.active).toBe(1);
    if (message !== undefined) await receiver.completeMessage(message);
    expect(queue.mailbox.keeper.outcomes.all()).toEqual({ [String(message?.messageId)]: { completed: 1 } });
  });

  test("of a scheduled message begins when it becomes active", async () => {
    const { namespace, clock, connect } = await runServiceBus();
    const queue = namespace.createQueue("orders");
    const sender = connect().createSender("orders");
    const due = new Date(Date.now() + 3_600_000);
    await sender.scheduleMessages({ body: "1", timeToLive: 60_000 }, due);
    await clock.advance(3_600_000);
    expect(queue.counts).toMatchObject({ active: 1, scheduled: 0 });
    await clock.advance(61_000);
    expect(queue.counts.active).toBe(0);
  });
});

describe("duplicate detection", () => {
  test("accepts and drops a message id that came before, until its window ends", async () => {
    const { namespace, clock, connect } = await runServiceBus();
    const queue = namespace.createQueue("orders", {
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryMs: 30_000,
    });
    const sender = connect().createSender("orders");
    await sender.sendMessages([
      { body: "1", messageId: "a" },
      { body: "2", messageId: "a" },
      { body: "3", messageId: "b" },
    ]);
    await sender.sendMessages({ body: "4", messageId: "b" });
    expect(queue.counts.active).toBe(2);
    await clock.advance(30_000);
    await sender.sendMessages({ body: "5", messageId: "a" });
    expect(queue.counts.active).toBe(3);
  });

  test("remembers what was completed, and what is scheduled", async () => {
    const { namespace, connect } = await runServiceBus();
    const queue = namespace.createQueue("orders", { requiresDuplicateDetection: true });
    const client = connect();
    const sender = client.createSender("orders");
    await sender.sendMessages({ body: "1", messageId: "a" });
    const receiver = client.createReceiver("orders");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message !== undefined) await receiver.completeMessage(message);
    await sender.sendMessages({ body: "2", messageId: "a" });
    await sender.scheduleMessages({ body: "3", messageId: "b" }, new Date(Date.now() + 60_000));
    await sender.sendMessages({ body: "4", messageId: "b" });
    expect(queue.counts).toMatchObject({ active: 0, scheduled: 1 });
  });

  test("at a topic spares every subscription", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createTopic("t", { requiresDuplicateDetection: true });
    const subscriptions = ["x", "y"].map((name) => namespace.createSubscription("t", name));
    const sender = connect().createSender("t");
    for (const body of ["1", "2"]) await sender.sendMessages({ body, messageId: "a" });
    expect(subscriptions.map(({ counts }) => counts.active)).toEqual([1, 1]);
  });
});

test("an idle queue deletes itself, and its receiver is told", async () => {
  const { namespace, clock, connect } = await runServiceBus();
  namespace.createQueue("idle", { autoDeleteOnIdleMs: 300_000 });
  const client = connect();
  const sender = client.createSender("idle");
  await sender.sendMessages({ body: "1" });
  await clock.advance(280_000);
  await sender.sendMessages({ body: "2" });
  await clock.advance(280_000);
  expect(namespace.queue("idle")?.counts.active).toBe(2);
  await clock.advance(301_000);
  expect(namespace.queue("idle")).toBeUndefined();
  await expect(sender.sendMessages({ body: "3" })).rejects.toMatchObject({ code: "MessagingEntityNotFound" });
});
