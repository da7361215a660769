import { expect, test } from "vitest";
import { manualClock } from "../../../../test/support/manual-engine.ts";
import { IdleWatch } from "./idle-watch.ts";

function watched(): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly watch: IdleWatch;
  readonly seen: { idle: number; isBusy: boolean };
} {
  const clock = manualClock();
  const seen = { idle: 0, isBusy: false };
  const watch = new IdleWatch(
    clock,
    () => seen.isBusy,
    () => {
      seen.idle += 1;
    },
  );
  watch.setIdle(1000);
  return { clock, watch, seen };
}

test("fires once after the time without a touch", async () => {
  const { clock, watch, seen } = watched();
  await clock.advance(900);
  watch.touch();
  await clock.advance(999);
  expect(seen.idle).toBe(0);
  await clock.advance(1);
  await clock.advance(5000);
  expect(seen.idle).toBe(1);
});

test("waits for as long as it is busy, and the time begins anew after that", async () => {
  const { clock, seen } = watched();
  seen.isBusy = true;
  await clock.advance(2500);
  seen.isBusy = false;
  await clock.advance(400);
  expect(seen.idle).toBe(0);
  await clock.advance(1000);
  expect(seen.idle).toBe(1);
});

test("sets no timer for ever, and none when it is stopped", async () => {
  const { clock, watch, seen } = watched();
  watch.setIdle(Number.POSITIVE_INFINITY);
  expect(clock.nextDeadline()).toBeUndefined();
  watch.setIdle(500);
  watch.stop();
  await clock.advance(1000);
  expect(seen.idle).toBe(0);
});
