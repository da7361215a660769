import { setImmediate as nextTurn } from "node:timers/promises";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { VirtualClock } from "../../packages/emulator/src/time/engine-clock.ts";
import { pacedClock } from "./paced-clock.ts";

test("after a stall the service is as late as its clients, before any of them is heard", async () => {
  const service = new VirtualClock("manual");
  const startedAtMs = service.now();
  for (let at = 100; at < 4_000; at += 100) service.at(startedAtMs + at, () => {});
  const clock = pacedClock(createVirtualClock(), { clock: service, log: { count: () => 0 } });
  clock.stall(4_000);
  await nextTurn();
  expect(service.now() - startedAtMs).toBe(clock.now());
});

test("timers that a stall has made late fire before time passes again", async () => {
  const service = { clock: new VirtualClock("manual"), log: { count: () => 0 } };
  const clock = pacedClock(createVirtualClock(), service);
  let firedAtMs: number | undefined;
  clock.setTimer(() => (firedAtMs = clock.now()), 1_000);
  clock.stall(4_000);
  await clock.advanceTo(2_000);
  expect(firedAtMs).toBe(4_000);
});
