import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PaceMeter, prefetchSize, type Pace } from "./prefetch-size.ts";

const PACE: Pace = { ratePerMs: 1, roundTripMs: 10, leaseMs: 60_000, replyItems: 10, isBilled: false };

describe("the prefetch", () => {
  test.each([
    ["is nothing until the rate is measured", { ratePerMs: 0 }, 0],
    ["is nothing until a round trip is measured", { roundTripMs: 0 }, 0],
    ["is nothing until then also where asks are billed", { roundTripMs: 0, isBilled: true }, 0],
    ["is two round trips of work", {}, 20],
    ["grows with the rate", { ratePerMs: 5 }, 100],
    ["is a thousand at most", { ratePerMs: 1_000 }, 1_000],
    ["is a quarter of a lease of work at most", { roundTripMs: 100_000, leaseMs: 400 }, 100],
    ["is a full reply where asks are billed", { isBilled: true, roundTripMs: 1 }, 10],
    ["is a second of work at most for a full reply", { isBilled: true, ratePerMs: 0.003, roundTripMs: 1 }, 3],
    ["hoards nothing of slow work", { isBilled: true, ratePerMs: 0.000_1 }, 0],
  ] as const)("%s", (_claim, over, items) => {
    expect(prefetchSize({ ...PACE, ...over })).toBe(items);
  });

  test("is a whole number, needs no renewal and stays in its bounds, whatever the pace", () => {
    const positive = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        positive,
        fc.nat(1_000),
        fc.boolean(),
        (ratePerMs, roundTripMs, leaseMs, replyItems, isBilled) => {
          const items = prefetchSize({ ratePerMs, roundTripMs, leaseMs, replyItems, isBilled });
          expect(Number.isInteger(items)).toBe(true);
          expect(items).toBeGreaterThanOrEqual(0);
          expect(items).toBeLessThanOrEqual(1_000);
          expect(items).toBeLessThanOrEqual((ratePerMs * leaseMs) / 4);
        },
      ),
    );
  });
});

describe("the pace", () => {
  test("follows samples, smoothed, and ignores intervals that are too short", () => {
    const meter = new PaceMeter(0);
    meter.sampleRate(49, 100);
    expect(meter.ratePerMs).toBe(0);
    const early = new PaceMeter(0);
    early.sampleRate(50, 100);
    expect(early.ratePerMs).toBe(2);
    meter.sampleRate(100, 200);
    expect(meter.ratePerMs).toBe(2);
    meter.sampleRate(200, 200);
    expect(meter.ratePerMs).toBeCloseTo(1.4);
    meter.sampleRoundTrip(10);
    meter.sampleRoundTrip(20);
    expect(meter.roundTripMs).toBeCloseTo(13);
  });

  test.each([
    ["their mean", [10, 20, 10], 12.1],
    ["two and a half of the shortest at most: others waited for a busy process", [40, 10, 500], 25],
  ])("takes of the answers to acknowledgements %s", (_, durationsMs, expected) => {
    const meter = new PaceMeter(0);
    for (const [nth, durationMs] of durationsMs.entries()) meter.sampleAcked(nth * 100, durationMs);
    expect(meter.roundTripMs).toBeCloseTo(expected);
  });

  test("forgets the shortest answer after five to ten seconds: the way may have become longer", () => {
    const meter = new PaceMeter(0);
    meter.sampleAcked(1_000, 10);
    meter.sampleAcked(4_999, 300);
    meter.sampleAcked(5_000, 400);
    expect(meter.roundTripMs).toBe(25);
    meter.sampleAcked(9_999, 500);
    expect(meter.roundTripMs).toBe(25);
    meter.sampleAcked(10_000, 600);
    expect(meter.roundTripMs).toBeGreaterThan(100);
  });
});
