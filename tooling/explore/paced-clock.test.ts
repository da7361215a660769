import { setImmediate as nextTurn } from "node:timers/promises";
import { createVirtualClock } from "@anyqueue/core/testing";
import type { Emulator } from "@anyqueue/emulator";
import { expect, test } from "vitest";
import { pacedClock } from "./paced-clock.ts";

function emulated() {
  let passedMs = 0;
  const clock = { advance: async (ms: number) => void (passedMs += ms) };
  return { emulator: { clock, log: { count: () => 0 } } as unknown as Emulator, passedMs: () => passedMs };
}

test("time waits for what the machine keeps back", async () => {
  const { emulator, passedMs } = emulated();
  const arrival = Promise.withResolvers<void>();
  const clock = pacedClock(createVirtualClock(), emulator, {
    roundTrip: async () => await arrival.promise,
    close: () => {},
  });
  const startMs = clock.now();
  const moving = clock.advance(1_000);
  for (let turn = 0; turn < 100; turn += 1) await nextTurn();
  expect([clock.now() - startMs, passedMs()]).toEqual([0, 0]);
  arrival.resolve();
  await moving;
  expect([clock.now() - startMs, passedMs()]).toEqual([1_000, 1_000]);
});
