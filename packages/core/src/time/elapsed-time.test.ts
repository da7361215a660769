import { expect, test, vi } from "vitest";
import { createVirtualClock } from "./virtual-clock.ts";
import { ElapsedTime } from "./elapsed-time.ts";

test("runs with the monotonic clock and jumps by what the machine slept, once somebody looks", async () => {
  const clock = createVirtualClock();
  await clock.advance("5s");
  const time = new ElapsedTime(clock);
  expect(time.read()).toBe(5_000);
  clock.suspend(900); // within the coarseness of the time since boot
  expect(time.read()).toBe(5_000);
  clock.suspend(60_000);
  expect(time.quick()).toBe(5_000);
  expect(time.read()).toBe(65_900);
  expect(time.quick()).toBe(65_900);
  clock.jumpWall(-3_600_000);
  clock.stall(1_000);
  expect(time.read()).toBe(66_900);
});

test("reads the time since boot once a second while the wall clock says that nobody slept", async () => {
  const clock = createVirtualClock();
  const time = new ElapsedTime(clock);
  const reading = vi.spyOn(clock, "bootNow");
  for (let reads = 0; reads < 20; reads += 1) {
    time.read();
    await clock.advance(100);
  }
  expect(reading).toHaveBeenCalledTimes(1);
  clock.suspend(60_000);
  expect(time.read()).toBe(62_000);
});

test("finds a sleep that the wall clock hides within a second", async () => {
  const clock = createVirtualClock();
  const time = new ElapsedTime(clock);
  clock.suspend(60_000);
  clock.jumpWall(-60_000);
  expect(time.read()).toBe(0);
  await clock.advance("1s");
  expect(time.read()).toBe(61_000);
});
