import { describe, expect, test } from "vitest";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { QueueSettings } from "../../../src/fronts/service-bus/engine/entity-settings.ts";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

async function withMessages(ids: readonly string[], settings: Partial<QueueSettings> = {}) {
  const running = await runServiceBus();
  running.namespace.createQueue("orders", settings);
  const client = running.connect();
  const sender = client.createSender("orders");
  await sender.sendMessages(
    ids.map((messageId) => ({ body: messageId, messageId, applicationProperties: { n: 1 } })),
  );
  const receiver = client.createReceiver("orders");
  const receive = (count = 1, from: ServiceBusReceiver = receiver): Promise<ServiceBusReceivedMessage[]> =>
    from.receiveMessages(count, { maxWaitTimeInMs: 10_000 });
  const receiveOne = async (from?: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> => {
    const [message] = await receive(1, from);
    if (message === undefined) throw new Error("Nothing arrived.");
    return message;
  };
  const deadLetters = client.createReceiver("orders", { subQueueType: "deadLetter" });
  return { ...running, client, sender, receiver, receive, receiveOne, deadLetters };
}

test("complete removes the message", async () => {
  const { receiver, receiveOne, entity } = await withMessages(["a"]);
  await receiver.completeMessage(await receiveOne());
  expect(entity("orders")).toMatchObject({ counts: { active: 0 }, outcomes: { a: { completed: 1 } } });
});

describe("abandon", () => {
  test("gives the message back in its place with a higher count", async () => {
    const { receiver, receive, receiveOne } = await withMessages(["a", "b"]);
    const first = await receiveOne();
    await receiver.abandonMessage(first);
    const again = await receive(2);
    expect(again.map(({ messageId, deliveryCount }) => [messageId, deliveryCount])).toEqual([
      ["a", 1],
      ["b", 0],
    ]);
    expect(again[0]?.sequenceNumber).toEqual(first.sequenceNumber);
    expect(again[0]?.lockToken).not.toBe(first.lockToken);
  });

  test("changes application properties, and leaves the others and their types alone", async () => {
    const { receiver, receiveOne, namespace } = await withMessages(["a"]);
    await receiver.abandonMessage(await receiveOne(), { why: "again", attempt: 2 });
    const again = await receiveOne();
    expect(again.applicationProperties).toEqual({ n: 1, why: "again", attempt: 2 });
    expect(again.body).toBe("a");
    const [kept] = namespace.findMailbox("orders").peek({ fromSequenceNumber: 0, max: 1 });
    expect(kept?.content.applicationProperties.get("n")?.type).toBe("uint");
  });

  test("too often dead-letters the message with the reason", async () => {
    const { receiver, receiveOne, deadLetters } = await withMessages(["a"], { maxDeliveryCount: 2 });
    await receiver.abandonMessage(await receiveOne());
    await receiver.abandonMessage(await receiveOne());
    expect(await receiveOne(deadLetters)).toMatchObject({
      messageId: "a",
      deadLetterReason: "MaxDeliveryCountExceeded",
    });
  });
});

describe("dead letter", () => {
  test("moves the message with reason, description and properties", async () => {
    const { receiver, receiveOne, deadLetters, entity } = await withMessages(["a"]);
    await receiver.deadLetterMessage(await receiveOne(), {
      deadLetterReason: "because",
      deadLetterErrorDescription: "it was so",
      extra: "more",
    });
    expect(entity("orders").counts).toMatchObject({ active: 0, deadLetter: 1 });
    const letter = await receiveOne(deadLetters);
    expect(letter).toMatchObject({
      body: "a",
      deadLetterReason: "because",
      deadLetterErrorDescription: "it was so",
      applicationProperties: { n: 1, extra: "more", DeadLetterReason: "because" },
    });
    await deadLetters.completeMessage(letter);
    expect(entity("orders").counts.deadLetter).toBe(0);
  });

  test("without any reason", async () => {
    const { receiver, receiveOne, deadLetters } = await withMessages(["a"]);
    await receiver.deadLetterMessage(await receiveOne());
    const letter = await receiveOne(deadLetters);
    expect([letter.messageId, letter.deadLetterReason]).toEqual(["a", undefined]);
  });

  test("of a message that lived too long", async () => {
    const { sender, clock, receiveOne, deadLetters } = await withMessages([], {
      deadLetteringOnMessageExpiration: true,
    });
    await sender.sendMessages({ body: "x", messageId: "old", timeToLive: 1000 });
    await clock.advance(1001);
    expect(await receiveOne(deadLetters)).toMatchObject({
      messageId: "old",
      deadLetterReason: "TTLExpiredException",
    });
  });

  test("settlements of different kinds reach the broker as they were meant when they come one by one", async () => {
    const { receiver, receive, entity } = await withMessages(["a", "b", "c", "d"]);
    const [a, b, c, d] = await receive(4);
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("Too few.");
    await receiver.deadLetterMessage(a);
    await receiver.completeMessage(b);
    await receiver.abandonMessage(c);
    await receiver.deferMessage(d);
    expect(entity("orders").outcomes).toEqual({
      a: { deadLettered: 1 },
      b: { completed: 1 },
      c: { abandoned: 1 },
      d: { deferred: 1 },
    });
  });

  test("the client merges settlements of one turn, and the broker's counts show it", async () => {
    const { receiver, receive, entity } = await withMessages(["a", "b"]);
    const [a, b] = await receive(2);
    if (a === undefined || b === undefined) throw new Error("Too few.");
    await Promise.all([receiver.completeMessage(a), receiver.deadLetterMessage(b)]);
    expect(entity("orders").outcomes).toEqual({ a: { completed: 1 }, b: { completed: 1 } });
  });
});

describe("defer", () => {
  test("keeps the message for a receiver that knows its number", async () => {
    const { receiver, receive, receiveOne } = await withMessages(["a", "b"]);
    const deferred = await receiveOne();
    const number = deferred.sequenceNumber;
    if (number === undefined) throw new Error("No number.");
    await receiver.deferMessage(deferred, { later: true });
    expect((await receive(2)).map(({ messageId }) => messageId)).toEqual(["b"]);
    const [found] = await receiver.receiveDeferredMessages(number);
    expect(found).toMatchObject({
      messageId: "a",
      state: "deferred",
      sequenceNumber: number,
      applicationProperties: { n: 1, later: true },
    });
  });

  test.each(["complete", "abandon", "deadLetter", "defer"] as const)(
    "a deferred message can be settled: %s",
    async (how) => {
      const { receiver, receiveOne, entity, log } = await withMessages(["a"]);
      const first = await receiveOne();
      await receiver.deferMessage(first);
      const [deferred] = await receiver.receiveDeferredMessages(first.sequenceNumber ?? (0 as never));
      if (deferred === undefined) throw new Error("Nothing was deferred.");
      await receiver[`${how}Message`](deferred);
      const outcome = {
        complete: "completed",
        abandon: "abandoned",
        deadLetter: "deadLettered",
        defer: "deferred",
      }[how];
      expect(entity("orders").outcomes["a"]?.[outcome as "completed"]).toBe(how === "defer" ? 2 : 1);
      expect(log.entries().at(-1)).toMatchObject({ operation: how, queue: "orders", outcome: "ok" });
    },
  );

  test("a number that nobody deferred is not found", async () => {
    const { receiver, receiveOne } = await withMessages(["a"]);
    const { sequenceNumber } = await receiveOne();
    expect(await failureOf(receiver.receiveDeferredMessages(sequenceNumber ?? (0 as never)))).toMatchObject({
      code: "MessageNotFound",
      retryable: false,
    });
  });
});

describe("locks", () => {
  test.each(["complete", "abandon", "deadLetter", "defer"] as const)(
    "%s after the lock ran out is refused",
    async (how) => {
      const { receiver, receiveOne, clock, entity } = await withMessages(["a"]);
      const message = await receiveOne();
      await clock.advance(61_000);
      expect(await failureOf(receiver[`${how}Message`](message))).toMatchObject({
        code: "MessageLockLost",
        retryable: false,
      });
      expect(entity("orders").messages).toMatchObject([{ messageId: "a", state: "ready", deliveryCount: 1 }]);
    },
  );

  test("a message whose lock ran out is delivered again with a higher count", async () => {
    const { receiveOne, clock } = await withMessages(["a"]);
    await receiveOne();
    await clock.advance(61_000);
    expect(await receiveOne()).toMatchObject({ messageId: "a", deliveryCount: 1 });
  });

  test("a renewed lock outlives its first end", async () => {
    const { receiver, receiveOne, clock, entity } = await withMessages(["a"]);
    const message = await receiveOne();
    await clock.advance(50_000);
    const until = await receiver.renewMessageLock(message);
    expect(Math.abs(until.getTime() - Date.now() - 60_000)).toBeLessThan(10_000);
    await clock.advance(50_000);
    await receiver.completeMessage(message);
    expect(entity("orders").outcomes).toEqual({ a: { completed: 1 } });
  });

  test("a lock that ran out cannot be renewed", async () => {
    const { receiver, receiveOne, clock } = await withMessages(["a"]);
    const message = await receiveOne();
    await clock.advance(61_000);
    expect(await failureOf(receiver.renewMessageLock(message))).toMatchObject({ code: "MessageLockLost" });
  });

  test("closing a receiver does not give its messages back before their locks end", async () => {
    const { client, receive, receiveOne, clock } = await withMessages(["a"]);
    const gone = client.createReceiver("orders");
    await receiveOne(gone);
    await gone.close();
    const waiting = receive();
    await clock.advance(61_000);
    expect((await waiting).map(({ messageId, deliveryCount }) => [messageId, deliveryCount])).toEqual([
      ["a", 1],
    ]);
  });

  test("a message whose link was detached is settled through management", async () => {
    const { receiver, receiveOne, entity, faults, log, sender } = await withMessages(["a"]);
    const message = await receiveOne();
    faults.add({ operation: "receive", when: "after", count: 1, action: { kind: "detach" } });
    await sender.sendMessages({ body: "b", messageId: "b" });
    expect(await failureOf(receiveOne())).toMatchObject({ message: expect.stringContaining("Idle timeout") });
    await receiver.completeMessage(message);
    expect(entity("orders").outcomes).toMatchObject({ a: { completed: 1 } });
    expect(log.entries().filter(({ operation }) => operation === "complete")).toHaveLength(1);
  });
});
