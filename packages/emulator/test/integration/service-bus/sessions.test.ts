import { describe, expect, test } from "vitest";
import type { QueueSettings } from "../../../src/fronts/service-bus/engine/entity-settings.ts";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

async function withSessions(
  messages: readonly (readonly [sessionId: string, messageId: string])[],
  settings: Partial<QueueSettings> = {},
) {
  const running = await runServiceBus();
  running.namespace.createQueue("orders", { requiresSession: true, ...settings });
  const client = running.connect();
  const sender = client.createSender("orders");
  const send = async (sessionId: string, messageId: string): Promise<void> => {
    await sender.sendMessages({ body: messageId, messageId, sessionId });
  };
  for (const [sessionId, messageId] of messages) await send(sessionId, messageId);
  return { ...running, client, send };
}

const QUICK = { maxWaitTimeInMs: 10_000 };

test("a named session is locked and delivers its own messages in order", async () => {
  const { client } = await withSessions([
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ]);
  const receiver = await client.acceptSession("orders", "a");
  expect(receiver.sessionId).toBe("a");
  expect(Math.abs(receiver.sessionLockedUntilUtc.getTime() - Date.now() - 60_000)).toBeLessThan(10_000);
  const messages = await receiver.receiveMessages(2, QUICK);
  expect(messages.map(({ messageId, sessionId }) => [messageId, sessionId])).toEqual([
    ["1", "a"],
    ["3", "a"],
  ]);
  for (const message of messages) await receiver.completeMessage(message);
});

test("a session can be locked before it has messages", async () => {
  const { client, send } = await withSessions([]);
  const receiver = await client.acceptSession("orders", "empty");
  const receiving = receiver.receiveMessages(1, QUICK);
  await send("empty", "m");
  expect((await receiving).map(({ messageId }) => messageId)).toEqual(["m"]);
});

test("a session that is locked cannot be locked by another", async () => {
  const { client, connect } = await withSessions([["a", "1"]]);
  await client.acceptSession("orders", "a");
  expect(await failureOf(connect().acceptSession("orders", "a"))).toMatchObject({
    code: "SessionCannotBeLocked",
    retryable: false,
  });
});

test("closing the receiver gives the session back with its messages and their counts", async () => {
  const { client } = await withSessions([["a", "1"]]);
  const first = await client.acceptSession("orders", "a");
  expect(await first.receiveMessages(1, QUICK)).toHaveLength(1);
  await first.close();
  const second = await client.acceptSession("orders", "a");
  expect((await second.receiveMessages(1, QUICK)).map(({ messageId }) => messageId)).toEqual(["1"]);
});

describe("the next session", () => {
  test("is one with messages that nobody holds", async () => {
    const { client } = await withSessions([
      ["a", "1"],
      ["b", "2"],
    ]);
    const receivers = [await client.acceptNextSession("orders"), await client.acceptNextSession("orders")];
    expect(receivers.map(({ sessionId }) => sessionId).toSorted()).toEqual(["a", "b"]);
  });

  test("is waited for while there is none", async () => {
    const { client, send, log } = await withSessions([]);
    const accepting = client.acceptNextSession("orders");
    await expect.poll(() => log.count("acceptSession"), { interval: 5 }).toBe(1);
    await send("late", "1");
    const receiver = await accepting;
    expect(receiver.sessionId).toBe("late");
    expect((await receiver.receiveMessages(1, QUICK)).map(({ messageId }) => messageId)).toEqual(["1"]);
  });

  test("that does not come in time is a timeout", async () => {
    const { clock, connect, log } = await withSessions([]);
    const client = connect({ retryOptions: { maxRetries: 0, timeoutInMs: 30_000 } });
    const failure = failureOf(client.acceptNextSession("orders"));
    await expect.poll(() => log.count("acceptSession"), { interval: 5 }).toBe(1);
    await clock.advance(31_000);
    expect(await failure).toMatchObject({ code: "ServiceTimeout" });
    expect(log.entries().at(-1)).toMatchObject({
      operation: "acceptSession",
      errorCode: "com.microsoft:timeout",
    });
  });

  test("goes to the one who waits, not to one who has gone", async () => {
    const { connect, client, send, log, front } = await withSessions([]);
    const gone = connect();
    const lost = failureOf(gone.acceptNextSession("orders"));
    await expect.poll(() => log.count("acceptSession"), { interval: 5 }).toBe(1);
    front.connections()[0]?.reset();
    await expect
      .poll(() => log.entries().find(({ operation }) => operation === "acceptSession")?.outcome, {
        interval: 5,
      })
      .toBe("disconnected");
    const accepting = client.acceptNextSession("orders");
    await send("s", "1");
    expect((await accepting).sessionId).toBe("s");
    expect(await lost).toMatchObject({ code: expect.any(String) });
  });
});

describe("state", () => {
  test("is kept, outlives its messages and can be cleared", async () => {
    const { client } = await withSessions([]);
    const receiver = await client.acceptSession("orders", "a");
    expect(await receiver.getSessionState()).toBeNull();
    await receiver.setSessionState({ step: 3 });
    await receiver.close();
    const again = await client.acceptSession("orders", "a");
    expect(await again.getSessionState()).toEqual({ step: 3 });
    await again.setSessionState(null);
    expect(await again.getSessionState()).toBeNull();
  });
});

describe("the lock of a session", () => {
  test("is renewed for all messages of it", async () => {
    const { client, clock, entity } = await withSessions([["a", "1"]]);
    const receiver = await client.acceptSession("orders", "a");
    const [message] = await receiver.receiveMessages(1, QUICK);
    await clock.advance(50_000);
    const until = await receiver.renewSessionLock();
    expect(Math.abs(until.getTime() - Date.now() - 60_000)).toBeLessThan(10_000);
    await clock.advance(50_000);
    if (message !== undefined) await receiver.completeMessage(message);
    expect(entity("orders").outcomes).toEqual({ "1": { completed: 1 } });
  });

  test("when it runs out the receiver is told, and the messages come back", async () => {
    const { client, clock, log } = await withSessions([["a", "1"]]);
    const receiver = await client.acceptSession("orders", "a");
    const [message] = await receiver.receiveMessages(1, QUICK);
    if (message === undefined) throw new Error("Nothing arrived.");
    await clock.advance(61_000);
    expect(await failureOf(receiver.completeMessage(message))).toMatchObject({ code: "SessionLockLost" });
    const again = await client.acceptSession("orders", "a");
    const [redelivered] = await again.receiveMessages(1, QUICK);
    expect([redelivered?.messageId, redelivered?.deliveryCount]).toEqual(["1", 1]);
    expect(log.count("acceptSession")).toBe(2);
  });

  test("that is lost cannot be renewed", async () => {
    const { client, faults } = await withSessions([["a", "1"]]);
    const receiver = await client.acceptSession("orders", "a");
    faults.add({ operation: "renewSessionLock", action: { kind: "sessionLost" } });
    expect(await failureOf(receiver.renewSessionLock())).toMatchObject({ code: "SessionLockLost" });
  });

  test("that goes with its connection frees the session at once", async () => {
    const { client, connect, front } = await withSessions([["a", "1"]]);
    await client.acceptSession("orders", "a");
    front.connections()[0]?.reset();
    const receiver = await connect().acceptSession("orders", "a");
    expect((await receiver.receiveMessages(1, QUICK)).map(({ messageId }) => messageId)).toEqual(["1"]);
  });
});

describe("what does not fit", () => {
  test("a plain receiver on an entity with sessions", async () => {
    const { client } = await withSessions([["a", "1"]]);
    expect(await failureOf(client.createReceiver("orders").receiveMessages(1, QUICK))).toMatchObject({
      code: "GeneralError",
      message: expect.stringContaining("It is not possible for an entity that requires sessions"),
      retryable: false,
    });
  });

  test("a session on an entity without", async () => {
    const { client, namespace, log } = await withSessions([]);
    namespace.createQueue("plain");
    expect(await failureOf(client.acceptNextSession("plain"))).toMatchObject({
      code: "GeneralError",
      message: expect.stringContaining("A sessionful message receiver cannot be created"),
      retryable: false,
    });
    // The SDK reports every refusal of a named session as a session locked by another client.
    expect(await failureOf(client.acceptSession("plain", "a"))).toMatchObject({
      code: "SessionCannotBeLocked",
    });
    const refused = log.entries().filter(({ operation }) => operation === "acceptSession");
    expect(refused.map(({ errorCode }) => errorCode)).toEqual(["amqp:not-allowed", "amqp:not-allowed"]);
  });

  test("a message without a session id", async () => {
    const { client } = await withSessions([]);
    expect(await failureOf(client.createSender("orders").sendMessages({ body: 1 }))).toMatchObject({
      code: "GeneralError",
      message: expect.stringContaining("The SessionId was not set"),
    });
  });
});

test("deferred messages of a session are received by number in it", async () => {
  const { client } = await withSessions([["a", "1"]]);
  const receiver = await client.acceptSession("orders", "a");
  const [message] = await receiver.receiveMessages(1, QUICK);
  if (message?.sequenceNumber === undefined) throw new Error("Nothing arrived.");
  await receiver.deferMessage(message);
  const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  if (deferred === undefined) throw new Error("Nothing was deferred.");
  await receiver.completeMessage(deferred);
  expect(await receiver.peekMessages(5)).toEqual([]);
});

test("peeking in a session shows its messages alone", async () => {
  const { client } = await withSessions([
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ]);
  const receiver = await client.acceptSession("orders", "a");
  expect((await receiver.peekMessages(5)).map(({ messageId }) => messageId)).toEqual(["1", "3"]);
});

test("subscriptions can have sessions", async () => {
  const { client, namespace } = await withSessions([]);
  namespace.createTopic("events");
  namespace.createSubscription("events", "all", { requiresSession: true });
  await client.createSender("events").sendMessages({ body: "x", sessionId: "s" });
  const receiver = await client.acceptNextSession("events", "all");
  expect(receiver.sessionId).toBe("s");
});
