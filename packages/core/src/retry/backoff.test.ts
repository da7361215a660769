import fc from "fast-check";
import { expect, test } from "vitest";

import { QueueError } from "../errors/queue-error.ts";
import { backoffMs } from "./backoff.ts";
import { REQUEST_BACKOFF, requestRetryMs } from "./request-retry.ts";

const BOUNDS = { minMs: 100, maxMs: 5_000 };

test.each([
  [1, 1, 100],
  [2, 1, 200],
  [3, 1, 400],
  [6, 1, 3_200],
  [7, 1, 5_000],
  [1_000_000, 1, 5_000],
  [3, 0.5, 200],
  [3, 0, 0],
  [0, 1, 100],
])("after failure %i with chance %d it is %i ms", (failures, chance, expected) => {
  expect(backoffMs(failures, BOUNDS, () => chance)).toBe(expected);
});

test("never leaves its bounds", () => {
  const failures = fc.integer({ min: 1, max: 10_000 });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(failures, chance, (count, drawn) => {
      const delayMs = backoffMs(count, BOUNDS, () => drawn);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(BOUNDS.maxMs);
      expect(Number.isInteger(delayMs)).toBe(true);
    }),
  );
});

const throttled = (init: { ambiguous?: boolean; retryAfterMs?: number } = {}): QueueError =>
  new QueueError("THROTTLED", { what: "too fast", ...init });
const ask = { failures: 1, mayRepeat: false, leftMs: 10_000, random: () => 1 };

test.each([
  ["its own delay", { ...ask, error: throttled() }, REQUEST_BACKOFF.minMs],
  ["the bounds given", { ...ask, error: throttled(), bounds: BOUNDS }, 100],
  ["the service's hint where that is longer", { ...ask, error: throttled({ retryAfterMs: 700 }) }, 700],
  [
    "its own delay where the hint is shorter",
    { ...ask, error: throttled({ retryAfterMs: 1 }), failures: 3 },
    200,
  ],
  ["a repeatable failure in doubt", { ...ask, error: throttled({ ambiguous: true }), mayRepeat: true }, 50],
  ["none in doubt", { ...ask, error: throttled({ ambiguous: true }) }, undefined],
  ["none for a final error", { ...ask, error: new QueueError("ACCESS_DENIED", { what: "no" }) }, undefined],
  ["none when the time is up by then", { ...ask, error: throttled(), leftMs: 50 }, undefined],
  ["the last one in time", { ...ask, error: throttled(), leftMs: 51 }, 50],
])("the next try comes after %s", (_name, question, expected) => {
  expect(requestRetryMs(question)).toBe(expected);
});
