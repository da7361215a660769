import { expect, test } from "vitest";
import { Outstanding, type Brought } from "./outstanding.ts";

const isOpen = (stream: number): boolean => stream === 2;

const brought = (stream: number, orderingKey?: string): Brought => ({
  stream,
  orderingKey,
  countedUntilMs: undefined,
  previous: undefined,
  next: undefined,
});

test("counts what ended streams brought until it is settled or its lease is over", () => {
  const outstanding = new Outstanding();
  const [a, b, c] = [brought(1), brought(1), brought(1)];
  for (const each of [a, b, c]) outstanding.add(each, 1_000, 0);
  outstanding.add(brought(2), 1_000, 0);
  expect(outstanding.countElsewhere(isOpen, 0)).toBe(3);
  outstanding.delete(a);
  outstanding.extend(b, 5_000);
  outstanding.extend(brought(1), 5_000);
  expect(outstanding.countElsewhere(isOpen, 999)).toBe(2);
  expect(outstanding.countElsewhere(isOpen, 1_000)).toBe(1);
  expect(outstanding.countElsewhere(isOpen, 5_000)).toBe(0);
  expect(outstanding.countElsewhere(() => false, 0)).toBe(1);
});

test("counts a delivery once, and again after it was left out with its key", () => {
  const outstanding = new Outstanding();
  const one = brought(1, "x");
  outstanding.add(one, 1_000, 0);
  outstanding.add(one, 2_000, 0);
  expect(outstanding.countElsewhere(isOpen, 1_500)).toBe(1);
  outstanding.deleteKeys(new Set(["x"]));
  outstanding.add(one, 3_000, 0);
  expect(outstanding.countElsewhere(isOpen, 2_500)).toBe(1);
});

test("forgets what was let go of on a stream that stays open", () => {
  const outstanding = new Outstanding();
  for (let count = 0; count < 1_023; count += 1) outstanding.add(brought(1), 1_000, 0);
  outstanding.add(brought(1), 9_000, 2_000);
  expect(outstanding.countElsewhere(() => false, 0)).toBe(1);
});

test("forgets what the service takes back with a failed one of its key", () => {
  const outstanding = new Outstanding();
  outstanding.add(brought(1, "x"), 1_000, 0);
  outstanding.add(brought(1, "y"), 1_000, 0);
  outstanding.add(brought(3, "x"), 1_000, 0);
  outstanding.add(brought(3), 1_000, 0);
  outstanding.deleteKeys(new Set(["x"]));
  expect(outstanding.countElsewhere(isOpen, 0)).toBe(2);
});
