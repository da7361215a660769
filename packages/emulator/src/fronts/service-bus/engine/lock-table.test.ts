import { describe, expect, test } from "vitest";
import {
  manualNamespace,
  sbContent,
  TestConsumer,
  tokenOf,
} from "../../../../test/support/service-bus-engine.ts";
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

describe("locks", () => {
  test("run out at their time: the message returns counted and the old token is dead", async () => {
    const { queue, clock } = oneQueue({ lockDurationMs: 10_000 });
    send(queue, "a");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    const token = consumer.lastToken;
    await clock.advance(9_999);
    consumer.give(1);
    expect(consumer.ids).toEqual(["a"]);
    await clock.advance(1);
    expect([consumer.ids, consumer.last.message.deliveryCount]).toEqual([["a", "a"], 1]);
    expect(() => {
      queue.mailbox.complete(token);
    }).toThrow("The lock supplied is invalid");
  });

  test("count from the renewal on when they are renewed", async () => {
    const { queue, clock } = oneQueue({ lockDurationMs: 10_000 });
    send(queue, "a");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    await clock.advance(8_000);
    expect(queue.mailbox.renewLock(consumer.lastToken)).toBe(clock.now() + 10_000);
    await clock.advance(9_999);
    expect(consumer.ids).toEqual(["a"]);
    await clock.advance(1);
    expect(consumer.ids).toEqual(["a", "a"]);
  });

  test("leave no timer behind when they are settled", () => {
    const { queue, clock } = oneQueue();
    send(queue, "a");
    queue.mailbox.complete(new TestConsumer(1).attachTo(queue.mailbox).lastToken);
    expect(clock.nextDeadline()).toBeUndefined();
  });

  test("end at once when a fault says so", () => {
    const { queue } = oneQueue();
    send(queue, "a", "b");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    const token = consumer.lastToken;
    expect([queue.mailbox.expireLock(token), queue.mailbox.expireLock(token)]).toEqual([true, false]);
    consumer.give(1);
    expect(consumer.ids).toEqual(["a", "a"]);
  });

  test("are two on one message after a second delivery; the first settlement wins", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    expect(queue.mailbox.deliverAgain(consumer.lastToken)).toBe(true);
    const [first, second] = consumer.deliveries.map(tokenOf);
    expect([consumer.ids, first === second]).toEqual([["a", "a"], false]);
    expect(consumer.last.message.deliveryCount).toBe(0);
    queue.mailbox.renewLock(first ?? "");
    queue.mailbox.complete(first ?? "");
    expect(() => {
      queue.mailbox.complete(second ?? "");
    }).toThrow(expect.objectContaining({ condition: "com.microsoft:message-lock-lost" }));
  });

  test("of two on one message: one running out changes nothing, both bring it back counted once", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    queue.mailbox.deliverAgain(consumer.lastToken);
    const [first, second] = consumer.deliveries.map(tokenOf);
    consumer.give(1);
    queue.mailbox.expireLock(first ?? "");
    expect(consumer.deliveries).toHaveLength(2);
    queue.mailbox.expireLock(second ?? "");
    expect([consumer.deliveries.length, consumer.last.message.deliveryCount]).toEqual([3, 1]);
  });

  test("a second delivery of what is settled meanwhile does not happen", () => {
    const { queue } = oneQueue();
    send(queue, "a");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox);
    queue.mailbox.deliverAgain(consumer.lastToken);
    queue.mailbox.complete(consumer.lastToken);
    consumer.give(5);
    expect(consumer.ids).toEqual(["a"]);
    expect(queue.mailbox.deliverAgain(consumer.lastToken)).toBe(false);
  });
});
