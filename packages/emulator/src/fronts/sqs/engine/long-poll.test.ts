import { expect, test } from "vitest";
import { bodiesOf, content, manualEngine, sendTo } from "../../../../test/support/manual-engine.ts";
import { startLongPoll, type LongPoll } from "./long-poll.ts";
import type { SqsQueue } from "./sqs-queue.ts";

const SECOND = 1000;

function setUp() {
  const manual = manualEngine();
  const poll = (queue: SqsQueue, waitMs = 20 * SECOND): LongPoll =>
    startLongPoll(
      queue,
      manual.clock,
      { maxMessages: 10, visibilityMs: 30 * SECOND, attemptId: undefined },
      waitMs,
    );
  return { ...manual, poll };
}

async function bodies(poll: LongPoll): Promise<string[] | undefined> {
  const deliveries = await poll.result;
  return deliveries === undefined ? undefined : bodiesOf(deliveries);
}

test("a message that is there ends the poll at once", async () => {
  const { queue, poll } = setUp();
  const orders = queue("orders");
  orders.send(content("a"), 0);
  expect(await bodies(poll(orders))).toEqual(["a"]);
  expect(orders.waiters.size).toBe(0);
});

test("a message that arrives wakes the poll that waits longest", async () => {
  const { queue, poll } = setUp();
  const orders = queue("orders");
  const first = poll(orders);
  const second = poll(orders);
  orders.send(content("a"), 0);
  expect(await bodies(first)).toEqual(["a"]);
  expect(orders.waiters.size).toBe(1);
  orders.send(content("b"), 0);
  expect(await bodies(second)).toEqual(["b"]);
});

test("the end of a delay or of a timeout wakes a poll", async () => {
  const { queue, poll, clock } = setUp();
  const orders = queue("orders");
  orders.send(content("delayed"), 5 * SECOND);
  const first = poll(orders);
  await clock.advance(5 * SECOND);
  expect(await bodies(first)).toEqual(["delayed"]);
  const second = poll(orders, 60 * SECOND);
  await clock.advance(30 * SECOND);
  expect(await bodies(second)).toEqual(["delayed"]);
});

test("a delete that unblocks a group wakes a poll", async () => {
  const { queue, poll } = setUp();
  const orders = queue("orders.fifo");
  sendTo(orders, "g", "m1");
  const [held] = (await poll(orders).result) ?? [];
  sendTo(orders, "g", "m2");
  const waiting = poll(orders);
  orders.delete(held?.receiptHandle ?? "");
  expect(await bodies(waiting)).toEqual(["m2"]);
});

test("a poll ends empty when its time is over", async () => {
  const { queue, poll, clock } = setUp();
  const orders = queue("orders");
  const waiting = poll(orders);
  await clock.advance(20 * SECOND);
  expect(await bodies(waiting)).toEqual([]);
  expect(orders.waiters.size).toBe(0);
});

test("a cancelled poll takes no message", async () => {
  const { queue, poll } = setUp();
  const orders = queue("orders");
  const cancelled = poll(orders);
  cancelled.cancel();
  orders.send(content("a"), 0);
  expect(await bodies(cancelled)).toBeUndefined();
  expect(orders.counts.visible).toBe(1);
});

test("deleting the queue ends its polls", async () => {
  const { engine, queue, poll } = setUp();
  const orders = queue("orders");
  const waiting = [poll(orders), poll(orders)];
  engine.deleteQueue(orders);
  expect(await Promise.all(waiting.map(bodies))).toEqual([undefined, undefined]);
});

test("a poison message goes to the dead letters and the poll waits on", async () => {
  const { queue, poll, clock } = setUp();
  const dead = queue("dead");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const orders = queue("orders", { RedrivePolicy });
  orders.send(content("poison"), 0);
  await poll(orders).result;
  const waiting = poll(orders, 60 * SECOND);
  await clock.advance(30 * SECOND);
  expect(dead.counts.visible).toBe(1);
  orders.send(content("good"), 0);
  expect(await bodies(waiting)).toEqual(["good"]);
});
