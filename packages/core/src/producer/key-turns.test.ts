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

// While one waits, the key must not look free: the next call would pass the one that waits.
test.each([
  ["first", [0, 1]],
  ["last", [1, 0]],
])("a key is free again when all its turns are over, the %s one before the other", async (_, order) => {
  const clock = createVirtualClock();
  const turns = new KeyTurns();
  const taken = [turns.take("k"), turns.take("k")];
  for (const index of order) {
    expect(turns.isTaken("k")).toBe(true);
    taken[index]?.over();
    taken[index]?.over();
    await clock.settle();
  }
  expect(turns.isTaken("k")).toBe(false);
  expect(turns.isTaken(undefined)).toBe(false);
});
