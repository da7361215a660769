import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../testing.ts";
import { Watchdog } from "./watchdog.ts";

function bench() {
  const clock = createVirtualClock();
  const ticks: number[] = [];
  const watchdog = new Watchdog(clock, () => {
    ticks.push(clock.now());
  });
  return { clock, ticks, watchdog };
}

describe("the watchdog", () => {
  test("looks once a second from its start to its stop", async () => {
    const { clock, ticks, watchdog } = bench();
    await clock.advance(5_000);
    expect(ticks).toEqual([]);
    watchdog.start();
    await clock.advance(3_500);
    expect(ticks).toEqual([6_000, 7_000, 8_000]);
    watchdog.stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(5_000);
    expect(ticks).toHaveLength(3);
  });

  test("sees no stall while the loop turns", async () => {
    const { clock, watchdog } = bench();
    watchdog.start();
    await clock.advance(60_000);
    expect([watchdog.stalledMs(), watchdog.stall()]).toEqual([0, undefined]);
  });

  test("adds up how long the loop was blocked, a blockade that just ended included", async () => {
    const { clock, watchdog } = bench();
    watchdog.start();
    clock.stall(4_000);
    expect(watchdog.stalledMs()).toBe(3_000);
    await clock.advance(0);
    expect(watchdog.stalledMs()).toBe(3_000);
    clock.stall(1_500);
    expect(watchdog.stalledMs()).toBe(3_500);
    await clock.advance(10_000);
    expect(watchdog.stalledMs()).toBe(3_500);
  });

  test("counts a block for what is read in the tick after it, from the last check before it on", async () => {
    const { clock, watchdog } = bench();
    watchdog.start();
    clock.stall(4_000);
    expect([watchdog.waitedMs(0), watchdog.waitedMs(3_000)]).toEqual([4_000, 0]);
    await clock.advance(0);
    clock.stall(1_200);
    expect([watchdog.waitedMs(0), watchdog.waitedMs(3_000)]).toEqual([4_200, 1_200]);
    await clock.advance(999);
    expect(watchdog.waitedMs(0)).toBe(4_200);
    await clock.advance(1);
    expect(watchdog.waitedMs(0)).toBe(0);
  });

  test.each([
    [1_100, 0],
    [1_101, 101],
  ])("takes a timer that fires after %i ms for %i ms of stall", (ms, stalledMs) => {
    const { clock, watchdog } = bench();
    watchdog.start();
    clock.stall(ms);
    expect(watchdog.stalledMs()).toBe(stalledMs);
  });

  test.each([
    [10_999, undefined],
    [11_000, "the event loop was blocked for 10000 ms"],
  ])("after %i ms without a turn says: %s", async (ms, stall) => {
    const { clock, watchdog } = bench();
    watchdog.start();
    clock.stall(ms);
    expect(watchdog.stall()).toBe(stall);
    await clock.advance(0); // the late timer fires
    expect(watchdog.stall()).toBe(stall);
    await clock.advance(1_000);
    expect(watchdog.stall()).toBeUndefined();
  });

  test("that was stopped knows of no stall any more, and starts afresh", async () => {
    const { clock, watchdog } = bench();
    watchdog.start();
    clock.stall(20_000);
    await clock.advance(0);
    expect(watchdog.stall()).toBeDefined();
    watchdog.stop();
    clock.stall(50_000);
    expect(watchdog.stall()).toBeUndefined();
    watchdog.start();
    expect(watchdog.stall()).toBeUndefined();
    expect(watchdog.stalledMs()).toBe(19_000);
  });
});
