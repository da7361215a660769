import { uptime } from "node:os";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { systemClock } from "./clock.ts";

const DAY_MS = 86_400_000;

describe("the machine's clock", () => {
  test("counts in milliseconds", () => {
    expect(Math.abs(systemClock.wallNow() - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(systemClock.now() - performance.now())).toBeLessThan(60_000);
    expect(Math.abs(systemClock.bootNow() - uptime() * 1_000)).toBeLessThan(60_000);
  });

  test.each([[false], [true]])("a timer keeps the process alive only if it says so: %s", (keepAlive) => {
    const unref = vi.spyOn(Object.getPrototypeOf(setTimeout(() => {}, 0)), "unref");
    systemClock.setTimer(() => {}, 1, keepAlive).cancel();
    expect(unref).toHaveBeenCalledTimes(keepAlive ? 0 : 1);
  });
});

describe("timers", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("fire once, at their time", () => {
    let fired = 0;
    systemClock.setTimer(() => (fired += 1), 100);
    vi.advanceTimersByTime(99);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(fired).toBe(1);
  });

  test("do not fire when cancelled", () => {
    let fired = 0;
    systemClock.setTimer(() => (fired += 1), 100).cancel();
    vi.advanceTimersByTime(1_000);
    expect(fired).toBe(0);
  });

  test("last longer than setTimeout can count, and can be cancelled on the way", () => {
    const fired: string[] = [];
    systemClock.setTimer(() => fired.push("kept"), 40 * DAY_MS);
    const other = systemClock.setTimer(() => fired.push("cancelled"), 40 * DAY_MS);
    vi.advanceTimersByTime(30 * DAY_MS);
    other.cancel();
    vi.advanceTimersByTime(10 * DAY_MS - 1);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual(["kept"]);
  });
});
