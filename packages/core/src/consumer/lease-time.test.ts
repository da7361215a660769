import { expect, test } from "vitest";
import { createVirtualClock } from "../time/virtual-clock.ts";
import { LeaseTime } from "./lease-time.ts";

test("runs with the monotonic clock and jumps by what the machine slept, once somebody looks", async () => {
  const clock = createVirtualClock();
  await clock.advance("5s");
  const time = new LeaseTime(clock);
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
