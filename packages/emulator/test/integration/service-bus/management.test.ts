import { describe, expect, test } from "vitest";
import type { RuleProperties, ServiceBusReceivedMessage, ServiceBusRuleManager } from "@azure/service-bus";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

async function withQueue() {
  const running = await runServiceBus();
  running.namespace.createQueue("orders");
  const client = running.connect();
  return {
    ...running,
    client,
    sender: client.createSender("orders"),
    receiver: client.createReceiver("orders"),
  };
}

const QUICK = { maxWaitTimeInMs: 10_000 };
const inOneHour = (): Date => new Date(Date.now() + 3_600_000);

describe("scheduled messages", () => {
  test("appear when their time has come, under a new number", async () => {
    const { sender, receiver, clock, entity } = await withQueue();
    const [number] = await sender.scheduleMessages({ body: "later", messageId: "m" }, inOneHour());
    expect(entity("orders").counts).toMatchObject({ active: 0, scheduled: 1 });
    const receiving = receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    await clock.advance(3_580_000);
    expect(entity("orders").counts.scheduled).toBe(1);
    await clock.advance(20_500);
    const [message] = await receiving;
    expect(message).toMatchObject({ body: "later", messageId: "m", state: "active" });
    expect(message?.sequenceNumber?.toNumber()).toBeGreaterThan(number?.toNumber() ?? Infinity);
  });

  test("a message sent with a time is scheduled too", async () => {
    const { sender, entity, clock } = await withQueue();
    await sender.sendMessages([{ body: 1, scheduledEnqueueTimeUtc: inOneHour() }, { body: 2 }]);
    expect(entity("orders").counts).toMatchObject({ active: 1, scheduled: 1 });
    await clock.advance(3_601_000);
    expect(entity("orders").counts).toMatchObject({ active: 2, scheduled: 0 });
  });

  test("can be cancelled by number", async () => {
    const { sender, clock, entity } = await withQueue();
    const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }, { body: 3 }], inOneHour());
    expect(numbers).toHaveLength(3);
    await sender.cancelScheduledMessages(numbers.slice(0, 2));
    await clock.advance(3_601_000);
    expect(entity("orders").counts).toMatchObject({ active: 1, scheduled: 0 });
  });

  test("that are gone cannot be cancelled", async () => {
    const { sender } = await withQueue();
    const [number] = await sender.scheduleMessages({ body: 1 }, inOneHour());
    if (number === undefined) throw new Error("No number.");
    await sender.cancelScheduledMessages(number);
    expect(await failureOf(sender.cancelScheduledMessages(number))).toMatchObject({
      code: "MessageNotFound",
      retryable: false,
    });
  });

  test("can be scheduled on a topic", async () => {
    const { client, namespace, clock, entity } = await withQueue();
    namespace.createTopic("events");
    namespace.createSubscription("events", "all");
    const sender = client.createSender("events");
    const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], inOneHour());
    await sender.cancelScheduledMessages(numbers.slice(1));
    await clock.advance(3_601_000);
    expect(entity("events/Subscriptions/all").counts.active).toBe(1);
  });
});

describe("peek", () => {
  test("shows messages of every state without locking them", async () => {
    const { sender, receiver, entity } = await withQueue();
    await sender.sendMessages([1, 2, 3].map((body) => ({ body, messageId: String(body) })));
    await sender.scheduleMessages({ body: 4, messageId: "4" }, inOneHour());
    const [first, second] = await receiver.receiveMessages(2, QUICK);
    if (first === undefined || second === undefined) throw new Error("Too few.");
    await receiver.deferMessage(first);
    const peeked = await receiver.peekMessages(10);
    expect(peeked.map(({ messageId, state }) => [messageId, state])).toEqual([
      ["1", "deferred"],
      ["2", "active"],
      ["3", "active"],
      ["4", "scheduled"],
    ]);
    expect(peeked.every(({ lockToken }) => lockToken === undefined)).toBe(true);
    expect(entity("orders").messages.map(({ state }) => state)).toEqual([
      "deferred",
      "locked",
      "ready",
      "scheduled",
    ]);
  });

  test("goes on where it stopped, or where it is told to begin", async () => {
    const { sender, receiver } = await withQueue();
    await sender.sendMessages([1, 2, 3, 4].map((body) => ({ body })));
    const bodies = (messages: readonly ServiceBusReceivedMessage[]) =>
      messages.map(({ body }) => body as number);
    expect(bodies(await receiver.peekMessages(2))).toEqual([1, 2]);
    const [third, fourth] = await receiver.peekMessages(2);
    expect([third?.body, fourth?.body]).toEqual([3, 4]);
    expect(await receiver.peekMessages(2)).toEqual([]);
    const fromSequenceNumber = third?.sequenceNumber;
    if (fromSequenceNumber === undefined) throw new Error("No number.");
    expect(bodies(await receiver.peekMessages(9, { fromSequenceNumber }))).toEqual([3, 4]);
  });

  test("works on dead letters", async () => {
    const { client, sender, receiver } = await withQueue();
    await sender.sendMessages({ body: 1 });
    const [message] = await receiver.receiveMessages(1, QUICK);
    if (message === undefined) throw new Error("Nothing arrived.");
    await receiver.deadLetterMessage(message, { deadLetterReason: "r", deadLetterErrorDescription: "d" });
    const deadLetters = client.createReceiver("orders", { subQueueType: "deadLetter" });
    expect(await deadLetters.peekMessages(3)).toMatchObject([{ body: 1, deadLetterReason: "r" }]);
  });
});

describe("deferred messages", () => {
  test("several at once, all or none", async () => {
    const { sender, receiver } = await withQueue();
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    const messages = await receiver.receiveMessages(2, QUICK);
    for (const message of messages) await receiver.deferMessage(message);
    const numbers = messages.flatMap(({ sequenceNumber }) => sequenceNumber ?? []);
    const unknown = numbers.map((number) => number.add(90));
    expect(await failureOf(receiver.receiveDeferredMessages([...numbers, ...unknown]))).toMatchObject({
      code: "MessageNotFound",
    });
    expect((await receiver.receiveDeferredMessages(numbers)).map(({ body }) => body as number)).toEqual([
      1, 2,
    ]);
  });

  test("are deleted when they are received to be deleted", async () => {
    const { client, sender, receiver, entity } = await withQueue();
    await sender.sendMessages({ body: 1 });
    const [message] = await receiver.receiveMessages(1, QUICK);
    if (message?.sequenceNumber === undefined) throw new Error("Nothing arrived.");
    await receiver.deferMessage(message);
    const deleting = client.createReceiver("orders", { receiveMode: "receiveAndDelete" });
    expect(await deleting.receiveDeferredMessages(message.sequenceNumber)).toMatchObject([{ body: 1 }]);
    expect(entity("orders").counts.active).toBe(0);
  });
});

describe("rules", () => {
  async function withSubscription() {
    const running = await withQueue();
    running.namespace.createTopic("events");
    running.namespace.createSubscription("events", "some");
    return { ...running, rules: running.client.createRuleManager("events", "some") };
  }

  test("a new subscription has the rule that takes everything", async () => {
    const { rules } = await withSubscription();
    expect(await listed(rules)).toMatchObject([{ name: "$Default", filter: { sqlExpression: "1=1" } }]);
  });

  test("rules of every kind are created, listed and deleted", async () => {
    const { rules } = await withSubscription();
    const correlation = {
      correlationId: "c",
      messageId: "m",
      to: "t",
      replyTo: "r",
      subject: "s",
      sessionId: "si",
      replyToSessionId: "rs",
      contentType: "ct",
      applicationProperties: { text: "x", number: 5, flag: true },
    };
    await rules.createRule("by-field", correlation);
    await rules.createRule(
      "by-sql",
      { sqlExpression: "color = 'red'" },
      { sqlExpression: "SET seen = TRUE" },
    );
    await rules.deleteRule("$Default");
    expect(await listed(rules)).toEqual([
      expect.objectContaining({ name: "by-field", filter: correlation }),
      expect.objectContaining({
        name: "by-sql",
        filter: { sqlExpression: "color = 'red'" },
        action: { sqlExpression: "SET seen = TRUE" },
      }),
    ]);
  });

  test("filters decide and actions change the copy", async () => {
    const { rules, client, entity } = await withSubscription();
    await rules.deleteRule("$Default");
    await rules.createRule(
      "red",
      { sqlExpression: "color = 'red' AND size > 3" },
      { sqlExpression: "SET size = 9" },
    );
    const sender = client.createSender("events");
    await sender.sendMessages([
      { body: 1, applicationProperties: { color: "red", size: 5 } },
      { body: 2, applicationProperties: { color: "red", size: 1 } },
      { body: 3, applicationProperties: { color: "blue", size: 5 } },
    ]);
    expect(entity("events/Subscriptions/some").counts.active).toBe(1);
    const [message] = await client.createReceiver("events", "some").receiveMessages(1, QUICK);
    expect(message).toMatchObject({ body: 1, applicationProperties: { color: "red", size: 9 } });
  });

  test("a rule that exists, one that does not, and one that is no SQL are refused", async () => {
    const { rules } = await withSubscription();
    expect(await failureOf(rules.createRule("$Default", { subject: "x" }))).toMatchObject({
      code: "MessagingEntityAlreadyExists",
    });
    expect(await failureOf(rules.deleteRule("none"))).toMatchObject({ retryable: false });
    expect(await failureOf(rules.createRule("bad", { sqlExpression: "color ==== 1" }))).toMatchObject({
      code: "GeneralError",
      retryable: false,
    });
  });
});

test("a thousand calls over one pair of links are all answered", { timeout: 60_000 }, async () => {
  const { sender, receiver, log } = await withQueue();
  await sender.sendMessages({ body: 1 });
  const [first] = await receiver.peekMessages(1);
  const fromSequenceNumber = first?.sequenceNumber;
  if (fromSequenceNumber === undefined) throw new Error("No number.");
  const calls = Array.from({ length: 1200 }, () => receiver.peekMessages(1, { fromSequenceNumber }));
  const answers = await Promise.all(calls);
  expect(answers.every(([message]) => message?.body === 1)).toBe(true);
  expect(log.count("peek")).toBe(1201);
});

async function listed(rules: ServiceBusRuleManager): Promise<readonly RuleProperties[]> {
  const all: RuleProperties[] = [];
  for await (const rule of rules.listRules()) all.push(rule);
  return all;
}
