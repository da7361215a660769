import { setImmediate as nextTurn } from "node:timers/promises";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { VirtualClock } from "../../packages/emulator/src/time/engine-clock.ts";
import { pacedClock } from "./paced-clock.ts";
import { watchSignatures, type Signatures } from "./signatures.ts";
import type { Wire } from "./wire.ts";

const AT_ONCE: Wire = { roundTrip: async () => await nextTurn(), close: () => {} };

const NONE: Pick<Signatures, "count" | "made"> = { count: () => 0, made: async () => {} };

function paced({ wire = AT_ONCE, signatures = NONE } = {}) {
  const service = new VirtualClock("manual");
  const emulator = { clock: service, log: { count: () => 0 } };
  return { service, clock: pacedClock(createVirtualClock(), emulator, wire, signatures) };
}

test("after a stall the service is as late as its clients, before any of them is heard", async () => {
  const { service, clock } = paced();
  const startedAtMs = service.now();
  for (let at = 100; at < 4_000; at += 100) service.at(startedAtMs + at, () => {});
  clock.stall(4_000);
  await nextTurn();
  expect(service.now() - startedAtMs).toBe(clock.now());
});

test("timers that a stall has made late fire before time passes again", async () => {
  const { clock } = paced();
  let firedAtMs: number | undefined;
  clock.setTimer(() => (firedAtMs = clock.now()), 1_000);
  clock.stall(4_000);
  await clock.advanceTo(2_000);
  expect(firedAtMs).toBe(4_000);
});

test("time waits for what the machine keeps back", async () => {
  const arrival = Promise.withResolvers<void>();
  const { service, clock } = paced({ wire: { ...AT_ONCE, roundTrip: async () => await arrival.promise } });
  const startedAtMs = service.now();
  const passed = (): readonly number[] => [clock.now(), service.now() - startedAtMs];
  const moving = clock.advance(1_000);
  for (let turn = 0; turn < 100; turn += 1) await nextTurn();
  expect(passed()).toEqual([0, 0]);
  arrival.resolve();
  await moving;
  expect(passed()).toEqual([1_000, 1_000]);
});

test("time waits for a signature, however long its thread takes", async () => {
  const signatures = watchSignatures();
  const { clock } = paced({ signatures });
  const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  let signedAtMs: number | undefined;
  clock.setTimer(() => {
    const signing = crypto.subtle.sign("HMAC", key, new Uint8Array(16 * 1024 * 1024));
    void signing.then(() => (signedAtMs = clock.now()));
  }, 1_000);
  await clock.advanceTo(60_000);
  signatures.close();
  expect(signedAtMs).toBe(1_000);
});
