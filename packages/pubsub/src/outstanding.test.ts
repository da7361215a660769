import { expect, test } from "vitest";
import { Outstanding } from "./outstanding.ts";

const isOpen = (stream: number): boolean => stream === 2;

const brought = (
  stream: number,
  ackId: string,
  orderingKey?: string,
): { readonly stream: number; readonly ackId: string; readonly orderingKey: string | undefined } => ({
  stream,
  ackId,
  orderingKey,
});

test("counts what ended streams brought until it is settled or its lease is over", () => {
  const outstanding = new Outstanding();
  for (const ackId of ["a", "b", "c"]) outstanding.add(brought(1, ackId), 1_000, 0);
  outstanding.add(brought(2, "d"), 1_000, 0);
  expect(outstanding.countElsewhere(isOpen, 0)).toBe(3);
  outstanding.delete(1, "a");
  outstanding.extend(1, "b", 5_000);
  outstanding.extend(1, "gone", 5_000);
  expect(outstanding.countElsewhere(isOpen, 999)).toBe(2);
  expect(outstanding.countElsewhere(isOpen, 1_000)).toBe(1);
  expect(outstanding.countElsewhere(isOpen, 5_000)).toBe(0);
  expect(outstanding.countElsewhere(() => false, 0)).toBe(1);
});

test("forgets what was let go of on a stream that stays open", () => {
  const outstanding = new Outstanding();
  for (let count = 0; count < 1_023; count += 1) outstanding.add(brought(1, `old-${count}`), 1_000, 0);
  outstanding.add(brought(1, "new"), 9_000, 2_000);
  expect(outstanding.countElsewhere(() => false, 0)).toBe(1);
});

test("forgets what the service takes back with a failed one of its key", () => {
  const outstanding = new Outstanding();
  outstanding.add(brought(1, "a", "x"), 1_000, 0);
  outstanding.add(brought(1, "b", "y"), 1_000, 0);
  outstanding.add(brought(3, "c", "x"), 1_000, 0);
  outstanding.add(brought(3, "d"), 1_000, 0);
  outstanding.deleteKeys(new Set(["x"]));
  expect(outstanding.countElsewhere(isOpen, 0)).toBe(2);
});
