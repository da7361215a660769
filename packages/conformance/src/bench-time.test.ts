import { systemClock } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { createBenchTime } from "./bench-time.ts";

describe("time of a case", () => {
  test("advances broker and clients together where the broker's clock runs by itself", async () => {
    let brokerMs = 0;
    const time = createBenchTime(
      { kind: "remote", advance: async (ms) => void (brokerMs += ms) },
      1_000,
      () => true,
    );
    const machineStartMs = systemClock.now();
    const startMs = time.clock.now();
    const passedBeforeMs = time.passedMs;
    const fired: string[] = [];
    time.clock.setTimer(() => fired.push("late"), 1_000_000);
    time.clock.setTimer(() => fired.push("second"), 8_000);
    time.clock.setTimer(() => fired.push("first"), 1_000);
    time.clock.setTimer(() => fired.push("cancelled"), 1_500).cancel();
    await time.advance(10_000);
    expect(fired).toEqual(["first", "second"]);
    expect(brokerMs).toBe(10_000);
    expect(time.passedMs - passedBeforeMs).toBe(10_000);
    const passedMs = time.clock.now() - startMs;
    expect(passedMs).toBeGreaterThanOrEqual(10_000);
    // The clients' clock keeps running meanwhile.
    expect(passedMs).toBeLessThanOrEqual(10_000 + systemClock.now() - machineStartMs);
  });

  test("lets timers that came due during a stall fire after it", async () => {
    const virtual = createVirtualClock();
    const backend = {
      kind: "virtual",
      clock: virtual,
      advance: (ms: number) => virtual.advance(ms),
    } as const;
    const time = createBenchTime(backend, 1_000, () => true);
    let firedAtMs = -1;
    const startMs = time.clock.now();
    time.clock.setTimer(() => (firedAtMs = time.clock.now() - startMs), 1_000);
    await time.stall(30_000);
    expect(firedAtMs).toBe(-1);
    await time.beat();
    expect(firedAtMs).toBe(30_000);
  });

  test("moves the wall clock alone", () => {
    const virtual = createVirtualClock();
    const time = createBenchTime(
      { kind: "virtual", clock: virtual, advance: (ms) => virtual.advance(ms) },
      1_000,
      () => true,
    );
    const before = { now: time.clock.now(), wall: time.clock.wallNow() };
    time.jumpWall(-3_600_000);
    expect(time.clock.now()).toBe(before.now);
    expect(time.clock.wallNow()).toBe(before.wall - 3_600_000);
  });

  test("hardly moves while clients are at work at the broker", async () => {
    const moves: number[] = [];
    let calls = 0;
    const advance = async (ms: number): Promise<number> => {
      moves.push(ms);
      // Two looks later the client is finished.
      return Math.min((calls += 1), 3);
    };
    const time = createBenchTime({ kind: "remote", advance }, 1_000, () => true);
    await time.advance(2_000);
    expect(moves).toEqual([1_000, 0, 0, 0, 1_000]);
    expect(time.isAtWork).toBe(false);
  });

  test("moves on at a broker that is asked for ever", async () => {
    let calls = 0;
    const time = createBenchTime({ kind: "remote", advance: async () => (calls += 1) }, 1_000, () => true);
    const startMs = time.clock.now();
    await time.advance(2_000);
    expect(time.clock.now() - startMs).toBeGreaterThanOrEqual(2_000);
    expect(time.isAtWork).toBe(true);
  });

  test("does not move on while calls are out", async () => {
    let isQuiet = false;
    const moves: number[] = [];
    const time = createBenchTime(
      { kind: "remote", advance: async (ms) => void moves.push(ms) },
      500,
      () => isQuiet,
    );
    const advancing = time.advance(1_000);
    await time.beat();
    expect(moves).toEqual([]);
    isQuiet = true;
    await advancing;
    expect(moves).toEqual([500, 500]);
  });
});
