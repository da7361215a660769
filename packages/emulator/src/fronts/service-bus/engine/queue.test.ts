import { describe, expect, test } from "vitest";
import {
  idsOf,
  manualNamespace,
  sbContent,
  TestConsumer,
  TestSessionWaiter,
  userProperty,
} from "../../../../test/support/service-bus-engine.ts";
import type { QueueSettings } from "./entity-settings.ts";
import type { Queue } from "./queue.ts";

function oneQueue(settings: Partial<QueueSettings> = {}): ReturnType<typeof manualNamespace> & {
  readonly queue: Queue;
} {
  const world = manualNamespace();
  return { ...world, queue: world.namespace.createQueue("q", settings) };
}

function peekIds(queue: Queue): string[] {
  return idsOf(queue.mailbox.peek({ fromSequenceNumber: 0, max: 100 }));
}

describe("scheduled messages", () => {
  test("become active at their time under a new number, keeping the first", async () => {
    const { queue, clock } = oneQueue();
    const consumer = new TestConsumer(9).attachTo(queue.mailbox);
    const dueMs = clock.now() + 50_000;
    expect(queue.target.schedule([sbContent("later", { scheduledAtMs: dueMs })])).toEqual([1]);
    queue.target.send([sbContent("now")]);
    expect(queue.counts).toMatchObject({ active: 1, scheduled: 1 });
    await clock.advance(50_000);
    expect(consumer.ids).toEqual(["now", "later"]);
    const { sequenceNumber, enqueuedSequenceNumber, enqueuedAtMs } = consumer.last.message;
    expect([sequenceNumber, enqueuedSequenceNumber, enqueuedAtMs]).toEqual([3, 1, dueMs]);
    expect(queue.counts.scheduled).toBe(0);
  });

  test("whose time has passed are active at once", () => {
    const { queue, clock } = oneQueue();
    queue.target.schedule([sbContent("late", { scheduledAtMs: clock.now() })]);
    expect(queue.counts).toMatchObject({ active: 1, scheduled: 0 });
  });

  test("are cancelled all or none", async () => {
    const { queue, clock } = oneQueue();
    const scheduledAtMs = clock.now() + 1000;
    const numbers = queue.target.schedule([
      sbContent("a", { scheduledAtMs }),
      sbContent("b", { scheduledAtMs }),
    ]);
    expect(() => {
      queue.target.cancelScheduled([...numbers, 99]);
    }).toThrow(expect.objectContaining({ condition: "com.microsoft:message-not-found" }));
    expect(queue.counts.scheduled).toBe(2);
    queue.target.cancelScheduled(numbers);
    await clock.advance(1000);
    expect(queue.counts).toMatchObject({ active: 0, scheduled: 0 });
  });

  test("cannot be cancelled once they are active", async () => {
    const { queue, clock } = oneQueue();
    const numbers = queue.target.schedule([sbContent("a", { scheduledAtMs: clock.now() + 1000 })]);
    await clock.advance(1000);
    expect(() => {
      queue.target.cancelScheduled(numbers);
    }).toThrow("does not exist");
    expect(queue.counts.active).toBe(1);
  });

  test("count their time to live from the moment they become active", async () => {
    const { queue, clock } = oneQueue();
    const times = { scheduledAtMs: clock.now() + 5000, timeToLiveMs: 1000 };
    queue.target.send([sbContent("a", times)]);
    await clock.advance(5999);
    expect(queue.counts.active).toBe(1);
    await clock.advance(1);
    expect(queue.counts.active).toBe(0);
  });
});

describe("time to live", () => {
  test("drops a message at its end, or dead-letters it if the queue says so", async () => {
    const { queue, namespace, clock } = oneQueue();
    const burying = namespace.createQueue("burying", { deadLetteringOnMessageExpiration: true });
    for (const { target } of [queue, burying]) target.send([sbContent("a", { timeToLiveMs: 1000 })]);
    await clock.advance(999);
    expect([queue.counts.active, burying.counts.active]).toEqual([1, 1]);
    await clock.advance(1);
    expect([queue.counts, burying.counts]).toMatchObject([
      { active: 0, deadLetter: 0 },
      { active: 0, deadLetter: 1 },
    ]);
    const { message } = new TestConsumer(1).attachTo(burying.family.deadLetters).last;
    expect(userProperty(message, "DeadLetterReason")).toBe("TTLExpiredException");
  });

  test("is the smaller of the message's and the queue's", () => {
    const { queue } = oneQueue({ defaultMessageTimeToLiveMs: 5000 });
    queue.target.send([
      sbContent("long", { timeToLiveMs: 60_000 }),
      sbContent("short", { timeToLiveMs: 100 }),
      sbContent("none"),
    ]);
    const peeked = queue.mailbox.peek({ fromSequenceNumber: 0, max: 3 });
    expect(peeked.map(({ timeToLiveMs }) => timeToLiveMs)).toEqual([5000, 100, 5000]);
    expect(peeked.map(({ expiresAtMs, enqueuedAtMs }) => expiresAtMs - enqueuedAtMs)).toEqual([
      5000, 100, 5000,
    ]);
  });

  test("lets a receiver settle what it holds, and ends the message when the lock ends", async () => {
    const { queue, clock } = oneQueue({ lockDurationMs: 10_000, deadLetteringOnMessageExpiration: true });
    queue.target.send([sbContent("done", { timeToLiveMs: 1000 }), sbContent("late", { timeToLiveMs: 1000 })]);
    const consumer = new TestConsumer(9).attachTo(queue.mailbox);
    const [done] = consumer.deliveries;
    await clock.advance(5000);
    queue.mailbox.complete(done?.lockToken ?? "");
    await clock.advance(5000);
    expect([consumer.ids, queue.counts.active, queue.counts.deadLetter]).toEqual([["done", "late"], 0, 1]);
  });

  test("ends deferred messages too, and none among the dead letters", async () => {
    const { queue, clock } = oneQueue();
    queue.target.send([
      sbContent("deferred", { timeToLiveMs: 1000 }),
      sbContent("buried", { timeToLiveMs: 1000 }),
    ]);
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    queue.mailbox.defer(consumer.lastToken);
    consumer.give(1);
    queue.mailbox.deadLetter(consumer.lastToken, {});
    await clock.advance(60_000);
    expect(queue.counts).toMatchObject({ active: 0, deadLetter: 1 });
  });
});

describe("duplicate detection", () => {
  test("accepts and drops an id within its window, scheduled ones too", async () => {
    const { queue, clock } = oneQueue({
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryMs: 20_000,
    });
    queue.target.send([sbContent("a"), sbContent("a"), sbContent("b")]);
    const scheduledAtMs = clock.now() + 1000;
    expect(
      queue.target.schedule([sbContent("b", { scheduledAtMs }), sbContent("c", { scheduledAtMs })]),
    ).toEqual([2, 3]);
    queue.target.send([sbContent("c")]);
    expect(peekIds(queue)).toEqual(["a", "b", "c"]);
    await clock.advance(20_000);
    queue.target.send([sbContent("a")]);
    expect(queue.counts.active).toBe(4);
  });

  test("outlives the message", () => {
    const { queue } = oneQueue({ requiresDuplicateDetection: true });
    queue.target.send([sbContent("a")]);
    queue.mailbox.complete(new TestConsumer(1).attachTo(queue.mailbox).lastToken);
    queue.target.send([sbContent("a")]);
    expect(queue.counts.active).toBe(0);
  });

  test("of a partitioned queue compares the partition key as well", () => {
    const { queue } = oneQueue({ requiresDuplicateDetection: true, enablePartitioning: true });
    queue.target.send([
      sbContent("a", { partitionKey: "1" }),
      sbContent("a", { partitionKey: "2" }),
      sbContent("a", { partitionKey: "1" }),
    ]);
    expect(queue.counts.active).toBe(2);
  });
});

describe("limits", () => {
  test("refuse a message that is too large, and its whole batch", () => {
    const { queue } = oneQueue({ maxMessageSizeInKilobytes: 1 });
    expect(() => {
      queue.target.send([sbContent("small"), sbContent("large", { sizeBytes: 1025 })]);
    }).toThrow(expect.objectContaining({ condition: "amqp:link:message-size-exceeded" }));
    queue.target.send([sbContent("fits", { sizeBytes: 1024 })]);
    expect([peekIds(queue), queue.target.maxMessageBytes]).toEqual([["fits"], 1024]);
  });

  test("refuse ids of more than 128 characters", () => {
    const { queue } = oneQueue();
    const [fits, long] = ["x".repeat(128), "x".repeat(129)];
    queue.target.send([sbContent(fits, { sessionId: fits, partitionKey: fits, replyToSessionId: fits })]);
    for (const content of [
      sbContent(long),
      sbContent("a", { sessionId: long }),
      sbContent("a", { partitionKey: long }),
      sbContent("a", { replyToSessionId: long }),
    ])
      expect(() => {
        queue.target.send([content]);
      }).toThrow(expect.objectContaining({ condition: "com.microsoft:argument-out-of-range" }));
    expect(queue.counts.active).toBe(1);
  });

  test("refuse what does not fit into the queue any more; settling makes room", () => {
    const { queue } = oneQueue({ maxSizeInMegabytes: 1, maxMessageSizeInKilobytes: 1024 });
    queue.target.send([sbContent("big", { sizeBytes: 1_000_000 })]);
    const more = (): void => {
      queue.target.send([sbContent("more", { sizeBytes: 100_000 })]);
    };
    expect(more).toThrow(expect.objectContaining({ condition: "amqp:resource-limit-exceeded" }));
    queue.mailbox.complete(new TestConsumer(1).attachTo(queue.mailbox).lastToken);
    more();
    expect([queue.counts.active, queue.sizeBytes]).toEqual([1, 100_000]);
  });
});

describe("status", () => {
  const DISABLED = expect.objectContaining({ condition: "com.microsoft:entity-disabled" });

  test("SendDisabled ends senders and refuses to send; receivers go on", () => {
    const { queue, namespace } = oneQueue();
    queue.target.send([sbContent("a")]);
    const [sender, consumer] = [new TestConsumer(0), new TestConsumer(0).attachTo(queue.mailbox)];
    queue.target.attachSender(sender);
    namespace.updateQueue("q", { status: "SendDisabled" });
    consumer.give(1);
    expect([sender.ended?.condition, consumer.ended, consumer.ids]).toEqual([
      "com.microsoft:entity-disabled",
      undefined,
      ["a"],
    ]);
    expect(() => {
      queue.target.send([sbContent("b")]);
    }).toThrow(DISABLED);
    expect(() => queue.target.attachSender(sender)).toThrow(DISABLED);
  });

  test("ReceiveDisabled ends receivers and refuses new ones; senders go on", () => {
    const { queue, namespace } = oneQueue();
    const consumer = new TestConsumer(5).attachTo(queue.mailbox);
    namespace.updateQueue("q", { status: "ReceiveDisabled" });
    queue.target.send([sbContent("a")]);
    expect([consumer.ended?.condition, consumer.ids]).toEqual(["com.microsoft:entity-disabled", []]);
    expect(() => queue.mailbox.attach(new TestConsumer(1))).toThrow(DISABLED);
  });

  test("Active again opens both, with the messages that were there", () => {
    const { queue, namespace } = oneQueue();
    queue.target.send([sbContent("a")]);
    namespace.updateQueue("q", { status: "Disabled" });
    namespace.updateQueue("q", { status: "Active" });
    queue.target.send([sbContent("b")]);
    expect(new TestConsumer(5).attachTo(queue.mailbox).ids).toEqual(["a", "b"]);
  });

  test("Disabled ends held sessions and waiting acceptances", () => {
    const { namespace } = manualNamespace();
    const queue = namespace.createQueue("s", { requiresSession: true });
    const consumer = new TestConsumer(1).attachTo(queue.mailbox.acceptSession("a"));
    const waiter = new TestSessionWaiter();
    queue.mailbox.acceptNextSession(waiter, 1000);
    namespace.updateQueue("s", { status: "Disabled" });
    expect([consumer.ended?.condition, waiter.error?.condition]).toEqual([
      "com.microsoft:entity-disabled",
      "com.microsoft:entity-disabled",
    ]);
  });
});

describe("deletion", () => {
  test("tells every link and leaves no timer", () => {
    const { queue, namespace, clock } = oneQueue({ autoDeleteOnIdleMs: 300_000 });
    queue.target.send([
      sbContent("a", { timeToLiveMs: 1000 }),
      sbContent("b", { scheduledAtMs: clock.now() + 1000 }),
    ]);
    const [sender, consumer] = [new TestConsumer(0), new TestConsumer(1).attachTo(queue.mailbox)];
    queue.target.attachSender(sender);
    namespace.deleteEntity("Q");
    expect([sender.ended?.condition, consumer.ended?.condition]).toEqual([
      "amqp:not-found",
      "amqp:not-found",
    ]);
    expect(clock.nextDeadline()).toBeUndefined();
    expect(() => {
      queue.target.send([sbContent("c")]);
    }).toThrow("The messaging entity 'sb://test/q' could not be found.");
    expect(() => queue.mailbox.attach(consumer)).toThrow("could not be found");
  });

  test("happens by itself after idle time, which receivers and scheduled messages hold up", async () => {
    const { queue, namespace, clock } = oneQueue({ autoDeleteOnIdleMs: 300_000 });
    queue.target.send([sbContent("later", { scheduledAtMs: clock.now() + 500_000 })]);
    await clock.advance(550_000);
    const consumer = new TestConsumer(0).attachTo(queue.mailbox);
    await clock.advance(900_000);
    expect(namespace.queue("q")).toBe(queue);
    consumer.close();
    await clock.advance(600_000);
    expect(namespace.queue("q")).toBeUndefined();
  });
});
