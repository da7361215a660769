import { expect, test } from "vitest";
import { bodiesOf, content, manualEngine, receive } from "../../../../test/support/manual-engine.ts";
import type { SqsQueue } from "./sqs-queue.ts";

function sendMany(queue: SqsQueue, groupId: string | undefined, count: number): void {
  for (let index = 0; index < count; index += 1) {
    queue.send(content(`${groupId ?? "none"}-${index}`, { groupId }), 0);
  }
}

test("messages come in the order in which they became visible", async () => {
  const { queue, clock } = manualEngine();
  const orders = queue("orders");
  orders.send(content("delayed"), 1000);
  orders.send(content("a"), 0);
  orders.send(content("b"), 0);
  await clock.advance(1000);
  expect(bodiesOf(receive(orders))).toEqual(["a", "b", "delayed"]);
});

test("a noisy tenant's backlog waits while a quiet tenant has messages", () => {
  const { queue } = manualEngine();
  const orders = queue("orders");
  sendMany(orders, "noisy", 60);
  for (let calls = 0; calls < 3; calls += 1) receive(orders);
  sendMany(orders, "quiet", 2);
  expect(bodiesOf(receive(orders, { max: 4 }))).toEqual(["quiet-0", "quiet-1", "noisy-30", "noisy-31"]);
});

test("fewer than thirty messages in flight make nobody noisy", () => {
  const { queue } = manualEngine();
  const orders = queue("orders");
  sendMany(orders, "busy", 30);
  for (let calls = 0; calls < 2; calls += 1) receive(orders);
  sendMany(orders, "quiet", 1);
  expect(bodiesOf(receive(orders, { max: 1 }))).toEqual(["busy-20"]);
});

test("messages without a group are never noisy", () => {
  const { queue } = manualEngine();
  const orders = queue("orders");
  sendMany(orders, undefined, 50);
  for (let calls = 0; calls < 4; calls += 1) receive(orders);
  sendMany(orders, "quiet", 1);
  expect(bodiesOf(receive(orders, { max: 1 }))).toEqual(["none-40"]);
});

test("a tenant that is no longer noisy gets its old turn back", () => {
  const { queue } = manualEngine();
  const orders = queue("orders");
  sendMany(orders, "noisy", 40);
  const held = [receive(orders), receive(orders), receive(orders)].flat();
  sendMany(orders, "quiet", 2);
  expect(bodiesOf(receive(orders, { max: 1 }))).toEqual(["quiet-0"]);
  for (const { receiptHandle } of held) orders.delete(receiptHandle);
  expect(bodiesOf(receive(orders, { max: 1 }))).toEqual(["noisy-30"]);
});
