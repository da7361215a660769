import { beforeEach, expect, test } from "vitest";

import { DeadlineList, type Dated } from "./deadline.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

interface Item extends Dated<Item> {
  readonly name: string;
}

const item = (name: string, deadlineMs: number): Item => ({
  name,
  deadlineMs,
  previous: undefined,
  next: undefined,
});

let clock: VirtualClock;
let expired: string[];
let list: DeadlineList<Item>;

beforeEach(() => {
  clock = createVirtualClock();
  expired = [];
  list = new DeadlineList(clock, ({ name }) => expired.push(`${name}@${clock.now()}`));
});

test("each item expires at its time, by one timer", async () => {
  list.add(item("a", 10));
  list.add(item("b", 10));
  list.add(item("c", 25));
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(9);
  expect(expired).toEqual([]);
  await clock.advance(20);
  expect(expired).toEqual(["a@10", "b@10", "c@25"]);
  expect(clock.pendingTimers).toBe(0);
});

test("what was deleted does not expire, and the next one is still on time", async () => {
  const first = item("a", 10);
  list.add(first);
  list.add(item("b", 15));
  list.delete(first);
  await clock.advance(30);
  expect(expired).toEqual(["b@15"]);
});

test("begins again after it was empty", async () => {
  const first = item("a", 10);
  list.add(first);
  list.delete(first);
  await clock.advance(100);
  expect(clock.pendingTimers).toBe(0);
  list.add(item("b", 150));
  await clock.advance(50);
  expect(expired).toEqual(["b@150"]);
});

test("stopped it leaves no timer", () => {
  list.stop();
  list.add(item("a", 10));
  list.stop();
  expect(clock.pendingTimers).toBe(0);
});
