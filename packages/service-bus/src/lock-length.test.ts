import { systemClock } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { LockLength } from "./lock-length.ts";
import { MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";

test.each([
  ["missing", undefined],
  ["no date", new Date(Number.NaN)],
])("a lock whose end is %s counts as one of the longest", (_, until) => {
  const locks = new LockLength(systemClock);
  const before = locks.now();
  expect(locks.untilMs(until)).toBeGreaterThanOrEqual(before + MAX_LOCK_MS);
});

test("a lock that ended long ago by a clock that is fast counts as one of the shortest", () => {
  const locks = new LockLength(systemClock);
  const before = locks.now();
  const until = locks.untilMs(new Date(systemClock.wallNow() - 3_600_000));
  expect(until).toBeGreaterThanOrEqual(before + MIN_LOCK_MS);
  expect(until).toBeLessThan(before + MAX_LOCK_MS);
});
