import { expect, test } from "vitest";
import {
  bodiesOf,
  manualEngine,
  receive,
  receiveOne,
  sendTo,
} from "../../../../test/support/manual-engine.ts";

const MINUTE = 60_000;

test("messages behind a poison head keep their order, even if all of them come in one receive", async () => {
  const { queue } = manualEngine();
  const dead = queue("dead.fifo");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const orders = queue("orders.fifo", { RedrivePolicy });
  sendTo(orders, "g", "poison");
  receiveOne(orders, { visibilityMs: 0 });
  for (const body of ["m1", "m2", "m3"]) sendTo(orders, "g", body);
  expect(bodiesOf(receive(orders, { max: 2 }))).toEqual(["m1", "m2"]);
});

test("a whole group of poison messages goes to the dead letters in its order", () => {
  const { queue } = manualEngine();
  const dead = queue("dead.fifo");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const orders = queue("orders.fifo", { RedrivePolicy });
  const bodies = ["m1", "m2", "m3", "m4"];
  for (const body of bodies) sendTo(orders, "g", body);
  receive(orders, { visibilityMs: 0 });
  expect(receive(orders)).toEqual([]);
  expect(bodiesOf(receive(dead))).toEqual(bodies);
});

test("a group whose messages expired unread is still one group when it is used again", async () => {
  const { queue, clock } = manualEngine();
  const orders = queue("orders.fifo", { MessageRetentionPeriod: "60" });
  sendTo(orders, "g", "expires");
  await clock.advance(MINUTE);
  sendTo(orders, "g", "m1");
  const { receiptHandle } = receiveOne(orders);
  sendTo(orders, "g", "m2");
  expect(receive(orders)).toEqual([]);
  orders.changeVisibility(receiptHandle, 0);
  expect(bodiesOf(receive(orders))).toEqual(["m1", "m2"]);
});

test("a group that a move task emptied is still one group when it is used again", async () => {
  const { engine, queue, clock } = manualEngine();
  const dead = queue("dead.fifo");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const orders = queue("orders.fifo", { RedrivePolicy });
  sendTo(orders, "g", "poison");
  receiveOne(orders, { visibilityMs: 0 });
  expect(receive(orders)).toEqual([]);
  engine.moveTasks.start(dead, undefined, undefined);
  await clock.advance(MINUTE);
  sendTo(dead, "g", "m1");
  receiveOne(dead);
  sendTo(dead, "g", "m2");
  expect(receive(dead)).toEqual([]);
});
