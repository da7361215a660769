import { expect, test } from "vitest";
import {
  content,
  manualEngine,
  receive,
  receiveOne,
  sendTo,
} from "../../../../test/support/manual-engine.ts";
import type { SqsQueue } from "./sqs-queue.ts";

const SECOND = 1000;

/** Creates a queue whose dead-letter queue holds messages that came from it. */
function withDeadLetters(count: number, suffix = "") {
  const manual = manualEngine();
  const dead = manual.queue(`dead${suffix}`);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const orders = manual.queue(`orders${suffix}`, { RedrivePolicy });
  for (let index = 0; index < count; index += 1) poison(orders, index);
  return { ...manual, dead, orders };
}

function poison(orders: SqsQueue, index: number): void {
  if (orders.identity.isFifo) sendTo(orders, `g${index}`, `m${index}`);
  else orders.send(content(`m${index}`), 0);
  receiveOne(orders, { visibilityMs: 0 });
  receive(orders);
}

test.each(["", ".fifo"])("messages go back to where they came from as new ones (%s)", async (suffix) => {
  const { engine, clock, orders, dead } = withDeadLetters(3, suffix);
  const before = dead.messages().map(({ id }) => id);
  const task = engine.moveTasks.start(dead, undefined, undefined);
  expect(task).toMatchObject({ status: "RUNNING", toMove: 3, moved: 0 });
  await clock.advance(SECOND);
  expect(task).toMatchObject({ status: "COMPLETED", moved: 3, failureReason: undefined });
  expect(dead.messages()).toEqual([]);
  const after = orders.messages();
  expect(after.map(({ content: { body } }) => body)).toEqual(["m0", "m1", "m2"]);
  for (const message of after) {
    expect(before).not.toContain(message.id);
    expect(message).toMatchObject({ receiveCount: 0, deadLetterSourceArn: undefined });
  }
});

test("a move task keeps its rate and shows its progress", async () => {
  const { engine, clock, dead } = withDeadLetters(5);
  const task = engine.moveTasks.start(dead, undefined, 1);
  await clock.advance(2 * SECOND);
  expect(task).toMatchObject({ status: "RUNNING", moved: 2 });
  await clock.advance(3 * SECOND);
  expect(task).toMatchObject({ status: "COMPLETED", moved: 5 });
});

test("a cancelled task stops and keeps what it has moved", async () => {
  const { engine, clock, dead } = withDeadLetters(5);
  const task = engine.moveTasks.start(dead, undefined, 1);
  await clock.advance(2 * SECOND);
  engine.moveTasks.cancel(task);
  expect(task.status).toBe("CANCELLING");
  await clock.advance(SECOND);
  expect(task).toMatchObject({ status: "CANCELLED", moved: 2 });
  expect(dead.counts.visible).toBe(3);
  expect(() => engine.moveTasks.cancel(task)).toThrow("Task does not exist or is not running.");
});

test("a message that was sent directly to the dead-letter queue cannot be moved back", async () => {
  const { engine, clock, dead, queue } = withDeadLetters(0);
  dead.send(content("sent here"), 0);
  const task = engine.moveTasks.start(dead, undefined, undefined);
  await clock.advance(SECOND);
  expect(task).toMatchObject({ status: "FAILED", failureReason: "CouldNotDetermineMessageSource" });
  const other = queue("other");
  engine.moveTasks.start(dead, other, undefined);
  await clock.advance(SECOND);
  expect(other.counts.visible).toBe(1);
});

test("a destination that is deleted on the way fails the task and loses nothing", async () => {
  const { engine, clock, dead, queue } = withDeadLetters(4);
  const other = queue("other");
  const task = engine.moveTasks.start(dead, other, 1);
  await clock.advance(SECOND);
  engine.deleteQueue(other);
  await clock.advance(SECOND);
  expect(task).toMatchObject({
    status: "FAILED",
    moved: 1,
    failureReason: "AWS.SimpleQueueService.NonExistentQueue",
  });
  expect(dead.counts.visible).toBe(3);
});

test("a source that is deleted on the way fails the task", async () => {
  const { engine, clock, dead } = withDeadLetters(4);
  const task = engine.moveTasks.start(dead, undefined, 1);
  engine.deleteQueue(dead);
  await clock.advance(SECOND);
  expect(task).toMatchObject({ status: "FAILED", failureReason: "AWS.SimpleQueueService.NonExistentQueue" });
});

test("there is one active task per source, and only for a dead-letter queue", async () => {
  const { engine, clock, dead, orders } = withDeadLetters(1);
  const first = engine.moveTasks.start(dead, undefined, undefined);
  expect(() => engine.moveTasks.start(dead, undefined, undefined)).toThrow(
    "There is already a task running.",
  );
  expect(() => engine.moveTasks.start(orders, undefined, undefined)).toThrow(
    "must be configured as a Dead Letter Queue",
  );
  await clock.advance(SECOND);
  const second = engine.moveTasks.start(dead, undefined, undefined);
  expect(engine.moveTasks.listOf(dead)).toEqual([second, first]);
});
