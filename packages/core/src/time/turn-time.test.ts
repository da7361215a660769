import { expect, test } from "vitest";
import { TurnTime } from "./turn-time.ts";
import { createVirtualClock } from "./virtual-clock.ts";

test("is the time of the first look, until the turn is over", async () => {
  const clock = createVirtualClock();
  const time = new TurnTime(clock);
  expect(time.now()).toBe(0);
  clock.stall(50);
  expect(time.now()).toBe(0);
  await Promise.resolve();
  expect(time.now()).toBe(50);
});
