import { describe, expect, test } from "vitest";

import { createVirtualClock } from "./virtual-clock.ts";

const times = (clock: ReturnType<typeof createVirtualClock>): number[] => [
  clock.now(),
  clock.bootNow() - 1_000_000,
  clock.wallNow(),
];

test("a timer without an end is none to go to", async () => {
  const clock = createVirtualClock();
  const fired: number[] = [];
  clock.setTimer(() => fired.push(clock.now()), Number.POSITIVE_INFINITY);
  expect(clock.nextTimerAt()).toBeUndefined();
  await clock.advanceToNextTimer();
  expect([clock.now(), ...fired]).toEqual([0]);
});

describe("advance", () => {
  test("fires due timers in the order of their time, equal ones in the order of setting", async () => {
    const clock = createVirtualClock({ startWallMs: 0 });
    const fired: string[] = [];
    for (const [name, delayMs] of [
      ["late", 20],
      ["b", 10],
      ["c", 10],
      ["never", 31],
    ] as const) {
      clock.setTimer(() => fired.push(`${name}@${clock.now()}`), delayMs);
    }
    await clock.advance("30ms");
    expect(fired).toEqual(["b@10", "c@10", "late@20"]);
    expect(times(clock)).toEqual([30, 30, 30]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerAt()).toBe(31);
  });

  test("lets what a timer started settle, and fires the timers that it set in time", async () => {
    const clock = createVirtualClock();
    const fired: number[] = [];
    clock.setTimer(() => {
      void (async () => {
        for (let turn = 0; turn < 3; turn += 1) {
          await Promise.resolve();
          await new Promise<void>((resolve) => clock.setTimer(resolve, 5));
          fired.push(clock.now());
        }
      })();
    }, 5);
    await clock.advance(17);
    expect(fired).toEqual([10, 15]);
  });

  test("does not fire a cancelled timer, and takes a negative delay for none", async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    const timer = clock.setTimer(() => fired.push("cancelled"), 1);
    clock.setTimer(() => fired.push("now"), -5);
    timer.cancel();
    timer.cancel();
    await clock.advance(10);
    expect(fired).toEqual(["now"]);
  });

  test("to the next timer and to a moment of the past", async () => {
    const clock = createVirtualClock();
    clock.setTimer(() => {}, 70);
    await clock.advanceToNextTimer();
    expect(clock.now()).toBe(70);
    await clock.advanceToNextTimer();
    await clock.advanceTo(10);
    expect(clock.now()).toBe(70);
  });
});

describe("the other ways in which time moves", () => {
  test("asleep, the machine's timers stand still while boot and wall time go on", async () => {
    const clock = createVirtualClock({ startWallMs: 0 });
    let isFired = false;
    clock.setTimer(() => (isFired = true), 10);
    clock.suspend(1_000);
    expect(times(clock)).toEqual([0, 1_000, 1_000]);
    await clock.settle();
    expect(isFired).toBe(false);
    await clock.advance(10);
    expect(isFired).toBe(true);
  });

  test("blocked, the event loop fires its timers late and all at once", async () => {
    const clock = createVirtualClock({ startWallMs: 0 });
    const fired: number[] = [];
    clock.setTimer(() => fired.push(clock.now()), 10);
    clock.setTimer(() => fired.push(clock.now()), 20);
    clock.stall(1_000);
    expect(times(clock)).toEqual([1_000, 1_000, 1_000]);
    expect(fired).toEqual([]);
    await clock.advance(0);
    expect(fired).toEqual([1_000, 1_000]);
  });

  test("a set wall clock moves nothing else", () => {
    const clock = createVirtualClock({ startWallMs: 5_000 });
    clock.jumpWall(-4_000);
    expect(times(clock)).toEqual([0, 0, 1_000]);
  });
});

test("what is drawn on a clock depends on its seed alone", () => {
  const drawn = (seed?: number): readonly number[] => {
    const { random = Math.random } = createVirtualClock(seed === undefined ? {} : { seed });
    return Array.from({ length: 100 }, random);
  };
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn()).toEqual(drawn(0));
  expect(drawn(7)).not.toEqual(drawn(8));
  expect(drawn().every((number) => number >= 0 && number < 1)).toBe(true);
});
