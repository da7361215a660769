import { describe, expect, test } from "vitest";
import {
  idsOf,
  manualNamespace,
  sbContent,
  TestConsumer,
  text,
  tokenOf,
  userProperty,
} from "../../../../test/support/service-bus-engine.ts";
import { settlementOf } from "../amqp/links/settle-delivery.ts";
import type { QueueSettings } from "./entity-settings.ts";
import type { Queue } from "./queue.ts";

interface OneQueue {
  readonly queue: Queue;
  readonly clock: ReturnType<typeof manualNamespace>["clock"];
}

function oneQueue(settings: Partial<QueueSettings> = {}): OneQueue {
  const { clock, namespace } = manualNamespace();
  return { clock, queue: namespace.createQueue("q", settings) };
}

function send(queue: Queue, ...ids: readonly string[]): void {
  queue.target.send(ids.map((id) => sbContent(id)));
}

describe("delivery", () => {
  test("pushes to a consumer no more than it has room for, in order", () => {
    const { queue } = oneQueue();
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    send(queue, "a", "b", "c");
    expect(consumer.ids).toEqual(["a", "b"]);
    consumer.give(5);
    expect(consumer.ids).toEqual(["a", "b", "c"]);
  });

  test("lets consumers with room take turns", () => {
    const { queue } = oneQueue();
    const consumers = [new TestConsumer(10), new TestConsumer(10), new TestConsumer(0)];
    for (const consumer of consumers) consumer.attachTo(queue.mailbox);
    send(queue, "a", "b", "c", "d");
    expect(consumers.map(({ ids }) => ids)).toEqual([["a", "c"], ["b", "d"], []]);
  });

  test("gives a locked message a token of its own and the end of its lock", () => {
    const { queue, clock } = oneQueue({ lockDurationMs: 30_000 });
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    send(queue, "a", "b");
    const [first, second] = consumer.deliveries;
    expect(first?.lockToken).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    expect(first?.lockToken).not.toBe(second?.lockToken);
    expect(first?.lockedUntilMs).toBe(clock.now() + 30_000);
  });

  test("deletes what it gives to a receive-and-delete consumer", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(1, "receiveAndDelete").attachTo(queue.mailbox);
    expect([consumer.ids, consumer.last.lockToken, consumer.last.lockedUntilMs]).toEqual([
      ["a"],
      undefined,
      undefined,
    ]);
    expect(queue.counts.active).toBe(0);
  });

  test("pushes nothing to a consumer that has closed, and keeps what it holds locked", () => {
    const { queue } = oneQueue();
    const consumer = new TestConsumer(5).attachTo(queue.mailbox);
    send(queue, "a");
    consumer.close();
    send(queue, "b");
    const other = new TestConsumer(5).attachTo(queue.mailbox);
    expect([consumer.ids, other.ids]).toEqual([["a"], ["b"]]);
    queue.mailbox.complete(consumer.lastToken);
    expect(queue.counts.active).toBe(1);
  });

  test("numbers messages from 1 without gaps", () => {
    const { queue } = oneQueue();
    send(queue, "a", "b");
    send(queue, "c");
    const peeked = queue.mailbox.peek({ fromSequenceNumber: 0, max: 10 });
    expect(peeked.map(({ sequenceNumber }) => sequenceNumber)).toEqual([1, 2, 3]);
  });
});

describe("settlement", () => {
  test("complete deletes the message, and a second settlement fails with a lost lock", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const token = new TestConsumer(1).attachTo(queue.mailbox).lastToken;
    queue.mailbox.complete(token);
    expect(queue.counts.active).toBe(0);
    for (const settle of [
      () => {
        queue.mailbox.complete(token);
      },
      () => {
        queue.mailbox.abandon(token);
      },
      () => queue.mailbox.renewLock(token),
    ])
      expect(settle).toThrow(expect.objectContaining({ condition: "com.microsoft:message-lock-lost" }));
  });

  test("abandon puts the message back in its place, counts the delivery and merges properties", () => {
    const { queue } = oneQueue();
    queue.target.send([sbContent("a", { user: { kept: text("1"), changed: text("1") } }), sbContent("b")]);
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    queue.mailbox.abandon(consumer.lastToken, new Map([["changed", text("2")]]));
    consumer.give(1);
    const { message } = consumer.last;
    expect([consumer.ids, message.deliveryCount]).toEqual([["a", "a"], 1]);
    expect([userProperty(message, "kept"), userProperty(message, "changed")]).toEqual(["1", "2"]);
  });

  test("release puts the message back in its place and counts no delivery", () => {
    const { queue } = oneQueue({ maxDeliveryCount: 1 });
    send(queue, "a", "b");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    settlementOf({ kind: "released" }).apply(queue.mailbox, consumer.lastToken);
    consumer.give(1);
    expect([consumer.ids, consumer.last.message.deliveryCount]).toEqual([["a", "a"], 0]);
    expect(queue.mailbox.keeper.outcomes.all()).toEqual({ a: { released: 1 } });
  });

  test("defer takes the message out of the line; its number brings it back", () => {
    const { queue } = oneQueue();
    send(queue, "a", "b");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    queue.mailbox.defer(consumer.lastToken, new Map([["why", text("later")]]));
    consumer.give(5);
    expect(consumer.ids).toEqual(["a", "b"]);
    const [deferred] = queue.mailbox.receiveDeferred({ sequenceNumbers: [1], mode: "peekLock" });
    if (deferred === undefined) throw new Error("one was deferred");
    expect([deferred.message.wireState, deferred.message.deliveryCount]).toEqual(["deferred", 1]);
    expect(userProperty(deferred.message, "why")).toBe("later");
    queue.mailbox.complete(tokenOf(deferred));
    expect(queue.counts.active).toBe(1);
  });

  test("a deferred message that is abandoned stays deferred", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(9).attachTo(queue.mailbox);
    queue.mailbox.defer(consumer.lastToken);
    const [first] = queue.mailbox.receiveDeferred({ sequenceNumbers: [1], mode: "peekLock" });
    if (first !== undefined) queue.mailbox.abandon(tokenOf(first));
    const [second] = queue.mailbox.receiveDeferred({ sequenceNumbers: [1], mode: "receiveAndDelete" });
    expect([second?.message.deliveryCount, second?.lockToken, consumer.ids]).toEqual([2, undefined, ["a"]]);
    expect(queue.counts.active).toBe(0);
  });

  test("receives all deferred messages that are asked for, or none", () => {
    const { queue } = oneQueue();
    send(queue, "a", "b");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    const [first, second] = consumer.deliveries;
    if (first !== undefined) queue.mailbox.defer(tokenOf(first));
    expect(() => queue.mailbox.receiveDeferred({ sequenceNumbers: [1, 2], mode: "peekLock" })).toThrow(
      expect.objectContaining({ condition: "com.microsoft:message-not-found" }),
    );
    if (second !== undefined) queue.mailbox.defer(tokenOf(second));
    expect(queue.mailbox.receiveDeferred({ sequenceNumbers: [1, 2, 1], mode: "peekLock" })).toHaveLength(2);
  });

  test("dead-letter moves the message with reason, description and properties", () => {
    const { queue } = oneQueue();
    queue.target.send([sbContent("a", { user: { kept: text("1") } })]);
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    queue.mailbox.deadLetter(consumer.lastToken, {
      reason: "bad",
      description: "x".repeat(5000),
      properties: new Map([["more", text("2")]]),
    });
    expect(queue.counts).toMatchObject({ active: 0, deadLetter: 1 });
    const { message } = new TestConsumer(1).attachTo(queue.family.deadLetters).last;
    const names = ["kept", "more", "DeadLetterReason", "DeadLetterErrorDescription"];
    expect(names.map((name) => userProperty(message, name))).toEqual(["1", "2", "bad", "x".repeat(4096)]);
    expect(message.deadLetterSource).toBeUndefined();
  });

  test("dead-letter without texts adds no properties", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    queue.mailbox.deadLetter(new TestConsumer(1).attachTo(queue.mailbox).lastToken, {});
    expect(queue.family.deadLetters.keeper.shelf.all()[0]?.content.applicationProperties.size).toBe(0);
  });

  test("counts the outcomes of every message id", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(3).attachTo(queue.mailbox);
    queue.mailbox.abandon(consumer.lastToken);
    queue.mailbox.expireLock(consumer.lastToken);
    queue.mailbox.defer(consumer.lastToken);
    queue.mailbox.receiveDeferred({ sequenceNumbers: [1], mode: "receiveAndDelete" });
    expect(queue.mailbox.keeper.outcomes.all()).toEqual({
      a: { abandoned: 1, lockLost: 1, deferred: 1, taken: 1 },
    });
  });
});

describe("delivery count", () => {
  test("dead-letters the message at the limit, with the service's reason", () => {
    const { queue } = oneQueue({ maxDeliveryCount: 3 });
    send(queue, "a");
    const consumer = new TestConsumer(9).attachTo(queue.mailbox);
    for (let round = 0; round < 3; round += 1) queue.mailbox.abandon(consumer.lastToken);
    expect(consumer.deliveries).toHaveLength(3);
    expect(queue.counts).toMatchObject({ active: 0, deadLetter: 1 });
    const { message } = new TestConsumer(1).attachTo(queue.family.deadLetters).last;
    expect([userProperty(message, "DeadLetterReason"), message.deliveryCount]).toEqual([
      "MaxDeliveryCountExceeded",
      3,
    ]);
  });

  test("never grows among the dead letters, which cannot be dead-lettered again", () => {
    const { queue } = oneQueue({ maxDeliveryCount: 1 });
    send(queue, "a");
    queue.mailbox.abandon(new TestConsumer(1).attachTo(queue.mailbox).lastToken);
    const { deadLetters } = queue.family;
    const consumer = new TestConsumer(9).attachTo(deadLetters);
    for (let round = 0; round < 5; round += 1) deadLetters.abandon(consumer.lastToken);
    expect([consumer.deliveries.length, consumer.last.message.deliveryCount]).toEqual([6, 1]);
    expect(() => {
      deadLetters.deadLetter(consumer.lastToken, {});
    }).toThrow(expect.objectContaining({ condition: "amqp:not-allowed" }));
    deadLetters.complete(consumer.lastToken);
    expect(queue.counts.deadLetter).toBe(0);
  });
});

describe("peeking and deleting", () => {
  test("peek sees active, locked, deferred and scheduled messages by number", () => {
    const { queue, clock } = oneQueue();
    send(queue, "locked", "deferred", "active");
    queue.target.send([sbContent("scheduled", { scheduledAtMs: clock.now() + 1000 })]);
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    queue.mailbox.defer(consumer.lastToken);
    const peeked = queue.mailbox.peek({ fromSequenceNumber: 0, max: 10 });
    expect(peeked.map(({ wireState }) => wireState)).toEqual(["active", "deferred", "active", "scheduled"]);
    expect(idsOf(queue.mailbox.peek({ fromSequenceNumber: 2, max: 2 }))).toEqual(["deferred", "active"]);
  });

  test("deletes unlocked active messages that are older than a time, up to a maximum", async () => {
    const { queue, clock } = oneQueue();
    send(queue, "locked", "a", "b", "c");
    new TestConsumer(1).attachTo(queue.mailbox);
    await clock.advance(1000);
    send(queue, "young");
    expect(queue.mailbox.deleteMessages(2, clock.now())).toBe(2);
    expect(queue.mailbox.deleteMessages(10, clock.now())).toBe(1);
    expect(idsOf(queue.mailbox.peek({ fromSequenceNumber: 0, max: 10 }))).toEqual(["locked", "young"]);
  });

  test("purge leaves nothing but what is locked", () => {
    const { queue, clock } = oneQueue();
    send(queue, "locked", "deferred", "active");
    queue.target.send([sbContent("scheduled", { scheduledAtMs: clock.now() + 1000 })]);
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    queue.mailbox.defer(consumer.lastToken);
    expect(queue.mailbox.purge()).toBe(3);
    expect(idsOf(queue.mailbox.peek({ fromSequenceNumber: 0, max: 10 }))).toEqual(["locked"]);
    expect(queue.counts).toMatchObject({ active: 1, scheduled: 0 });
  });

  test("delivers on after messages have been deleted from the middle of the line", () => {
    const { queue } = oneQueue();
    send(queue, "a", "b");
    queue.mailbox.purge();
    send(queue, "c");
    expect(new TestConsumer(5).attachTo(queue.mailbox).ids).toEqual(["c"]);
  });
});
