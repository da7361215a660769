import { expect, test } from "vitest";

import { createVirtualClock } from "../time/virtual-clock.ts";
import { KeyTurns } from "./key-turns.ts";

test("turns of one key come in the order in which they were taken, other keys do not wait", async () => {
  const clock = createVirtualClock();
  const turns = new KeyTurns();
  const order: string[] = [];
  const taken = ["k1", "k2", "k3", "l1"].map((name) => {
    const turn = turns.take(name.slice(0, 1));
    void turn.mine.then(() => order.push(name));
    return turn;
  });
  taken[1]?.over();
  await clock.settle();
  expect(order).toEqual(["k1", "l1"]);
  taken[0]?.over();
  await clock.settle();
  expect(order).toEqual(["k1", "l1", "k2", "k3"]);
});

test("a key is free again when its last turn is over", async () => {
  const clock = createVirtualClock();
  const turns = new KeyTurns();
  const first = turns.take("k");
  const second = turns.take("k");
  second.over();
  await clock.settle();
  expect(turns.isTaken("k")).toBe(true);
  first.over();
  first.over();
  await clock.settle();
  expect(turns.isTaken("k")).toBe(false);
  expect(turns.isTaken(undefined)).toBe(false);
});

// Otherwise the next call would find the key free, and pass those that wait.
test("a key whose first turn is over stays taken while another waits", async () => {
  const clock = createVirtualClock();
  const turns = new KeyTurns();
  const first = turns.take("k");
  const second = turns.take("k");
  first.over();
  await clock.settle();
  expect(turns.isTaken("k")).toBe(true);
  second.over();
  await clock.settle();
  expect(turns.isTaken("k")).toBe(false);
});
