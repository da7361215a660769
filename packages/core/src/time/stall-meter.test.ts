import { createVirtualClock } from "./virtual-clock.ts";
import { expect, test } from "vitest";
import { StallMeter } from "./stall-meter.ts";

test("nothing has waited where the loop turns, if only late", async () => {
  const clock = createVirtualClock();
  const meter = new StallMeter(clock);
  meter.start();
  await clock.advance(10_500);
  clock.stall(1_400);
  expect(meter.waitedMs(clock.now())).toBe(0);
  meter.stop();
});

test("what is read first after a standstill may have waited since the last look", async () => {
  const clock = createVirtualClock();
  const meter = new StallMeter(clock);
  meter.start();
  await clock.advance(1_500);
  clock.stall(20_000);
  expect(meter.waitedMs(clock.now())).toBe(20_500);
  meter.stop();
});

test("and so may what comes within a second after it", async () => {
  const clock = createVirtualClock();
  const meter = new StallMeter(clock);
  meter.start();
  clock.stall(20_000);
  await clock.advance(900);
  expect(meter.waitedMs(clock.now())).toBe(20_000);
  await clock.advance(200);
  expect(meter.waitedMs(clock.now())).toBe(0);
  meter.stop();
});

test("leaves no timer behind, and knows nothing after its end", () => {
  const clock = createVirtualClock();
  const meter = new StallMeter(clock);
  meter.start();
  meter.start();
  meter.stop();
  clock.stall(20_000);
  expect([clock.pendingTimers, meter.waitedMs(clock.now())]).toEqual([0, 0]);
});
