import { beforeEach, describe, expect, test } from "vitest";
import { setTimeLimit } from "./time-limit.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

let clock: VirtualClock;
let overAt: number[];

const over = (): void => void overAt.push(clock.now());

beforeEach(() => {
  clock = createVirtualClock();
  overAt = [];
});

describe("a time limit", () => {
  test("ends at its time, once", async () => {
    setTimeLimit(clock, over, 100);
    await clock.advance(10_000);
    expect(overAt).toEqual([100]);
  });

  test.each([
    [9, 109, "normal"],
    [40, 180, "as long again as it was late"],
    [60_000, 61_100, "a second, whatever the block took"],
  ])("seen %i ms late ends at %i: %s", async (lateMs, endsAtMs) => {
    setTimeLimit(clock, over, 100);
    clock.stall(100 + lateMs);
    await clock.advance(10_000);
    expect(overAt).toEqual([endsAtMs]);
  });

  test("that is over when it is set has none", async () => {
    setTimeLimit(clock, over, -5_000);
    await clock.advance(10_000);
    expect(overAt).toEqual([0]);
  });

  test("has its grace only once: a loop that is blocked again and again must not put it off for ever", async () => {
    setTimeLimit(clock, over, 100);
    clock.stall(5_000);
    await clock.advance(0);
    clock.stall(5_000);
    await clock.advance(0);
    expect(overAt).toEqual([10_000]);
  });

  test("may be cancelled before and during its grace, and leaves no timer", async () => {
    setTimeLimit(clock, over, 100).cancel();
    const late = setTimeLimit(clock, over, 100);
    clock.stall(5_000);
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(1);
    late.cancel();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10_000);
    expect(overAt).toEqual([]);
  });
});
