import fc from "fast-check";
import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

test("allows so many starts at once and then one for each that leaves the window", () => {
  const limit = new RateLimit(2, 100);
  expect(limit.waitMs(0)).toBe(0);
  expect(limit.available(0, 10)).toBe(2);
  limit.take(0);
  limit.take(30);
  expect(limit.available(50, 10)).toBe(0);
  expect(limit.waitMs(50)).toBe(50);
  expect(limit.waitMs(100)).toBe(0);
  expect(limit.available(100, 10)).toBe(1);
  expect(limit.available(130, 10)).toBe(2);
  expect(limit.available(130, 1)).toBe(1);
});

test("takes any number, and keeps no more than the starts of one window", () => {
  const limit = new RateLimit(Number.MAX_SAFE_INTEGER, 100);
  expect(limit.available(0, 10)).toBe(10);
  limit.take(0);
  expect(limit.available(0, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER - 1);
  expect(limit.available(100, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
});

test("holds in every window, however starts arrive", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(30), { maxLength: 60 }),
      (count, perMs, gaps) => {
        const limit = new RateLimit(count, perMs);
        const takenMs: number[] = [];
        let nowMs = 0;
        for (const gapMs of gaps) {
          nowMs += gapMs;
          if (limit.waitMs(nowMs) > 0) continue;
          limit.take(nowMs);
          takenMs.push(nowMs);
        }
        for (const atMs of takenMs) {
          const inWindow = takenMs.filter((other) => other >= atMs && other < atMs + perMs);
          expect(inWindow.length).toBeLessThanOrEqual(count);
        }
      },
    ),
  );
});
