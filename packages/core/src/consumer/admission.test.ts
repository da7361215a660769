import { describe, expect, test } from "vitest";
import { EventLog } from "../../test/consumer-bench.ts";
import type { Delivery } from "../driver/delivery.ts";
import type { Outcome } from "../driver/event-source.ts";
import { RESERVED } from "../message/attributes.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { Admission, type AdmissionParts } from "./admission.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { OutcomeExecutor } from "./outcome-executor.ts";
import { SettledMemory } from "./settled-memory.ts";

const TARGET = "fake://here/orders";

function bench(over: Partial<AdmissionParts> = {}) {
  const clock = createVirtualClock();
  const events = new EventLog();
  const memory = new SettledMemory();
  const tracked: (number | undefined)[] = [];
  const applied: Outcome[] = [];
  const keeper = {
    track: (_held: HeldDelivery, leaseMs: number | undefined) => tracked.push(leaseMs),
  } as unknown as LeaseKeeper;
  const executor = {
    apply: (_held: HeldDelivery, outcome: Outcome) => applied.push(outcome),
  } as unknown as OutcomeExecutor;
  const admission = new Admission({
    target: TARGET,
    leaseMs: 30_000,
    clock,
    events,
    keeper,
    executor,
    memory,
    isTimed: true,
    ...over,
  });
  const hold = (fields: Partial<Delivery<unknown>> = {}, stalledMs = 0): HeldDelivery =>
    admission.hold(delivery<unknown>("h", { id: "m", ...fields }), "k", 4, stalledMs);
  /** Attributes with times relative to now. */
  const timed = ({ dueInMs, expiresInMs }: { dueInMs?: number; expiresInMs?: number }) => ({
    attributes: {
      ...(dueInMs === undefined ? {} : { [RESERVED.due]: String(clock.wallNow() + dueInMs) }),
      ...(expiresInMs === undefined ? {} : { [RESERVED.expires]: String(clock.wallNow() + expiresInMs) }),
    },
  });
  return { clock, events, memory, tracked, applied, admission, hold, timed };
}

describe("a delivery that is taken in hand", () => {
  test("has its key and its ask, and the lease that it says, less the time that was lost", () => {
    const { tracked, hold } = bench();
    const held = hold({ leaseMs: 20_000 }, 1_500);
    expect([held.key, held.ask, tracked]).toEqual(["k", 4, [18_500]]);
  });

  test("that does not say has the usual lease, or one as long as the link's", () => {
    const usual = bench();
    usual.hold({}, 500);
    expect(usual.tracked).toEqual([29_500]);
    const linked = bench({ leaseMs: undefined });
    linked.hold({}, 500);
    expect(linked.tracked).toEqual([undefined]);
  });
});

describe("a delivery is", () => {
  test("let in, and nothing is said about it", () => {
    const { admission, events, applied, hold } = bench();
    expect(admission.admit(hold())).toBe(true);
    expect([events.seen, applied]).toEqual([[], []]);
  });

  test("acked without a run where it was processed before", () => {
    const { admission, events, memory, applied, hold } = bench();
    memory.add({ providerId: "stored-9" });
    expect(admission.admit(hold({ providerId: "stored-9" }))).toBe(false);
    expect(applied).toEqual([{ kind: "ack" }]);
    expect(events.seen).toEqual([{ name: "redelivery-acked", event: { target: TARGET, id: "m" } }]);
  });

  test("acked where it has expired, by the wall clock", () => {
    const { admission, events, applied, hold, timed } = bench();
    expect(admission.admit(hold(timed({ expiresInMs: 1 })))).toBe(true);
    expect(admission.admit(hold(timed({ expiresInMs: 0 })))).toBe(false);
    expect(admission.admit(hold(timed({ expiresInMs: -5 })))).toBe(false);
    expect(applied).toEqual([{ kind: "ack" }, { kind: "ack" }]);
    expect(events.of("expired")).toEqual([
      { target: TARGET, id: "m" },
      { target: TARGET, id: "m" },
    ]);
    expect(events.of("emulated")).toEqual([{ target: TARGET, feature: "ttl" }]); // only once
  });

  test("given back until it is due", () => {
    const { admission, events, applied, hold, timed } = bench();
    expect(admission.admit(hold(timed({ dueInMs: 0 })))).toBe(true);
    expect(admission.admit(hold(timed({ dueInMs: 4_000 })))).toBe(false);
    expect(admission.admit(hold(timed({ dueInMs: 1 })))).toBe(false);
    expect(applied).toEqual([
      { kind: "release", delayMs: 4_000, cause: "unstarted" },
      { kind: "release", delayMs: 1, cause: "unstarted" },
    ]);
    expect(events.seen).toEqual([{ name: "emulated", event: { target: TARGET, feature: "delay" } }]);
  });

  test("expired rather than early, and let in where it is neither", () => {
    const { admission, applied, hold, timed } = bench();
    expect(admission.admit(hold(timed({ dueInMs: 10, expiresInMs: 0 })))).toBe(false);
    expect(applied).toEqual([{ kind: "ack" }]);
    expect(admission.admit(hold(timed({ dueInMs: -10, expiresInMs: 10 })))).toBe(true);
  });

  test("neither early nor expired as a dead letter, but may have been processed before", () => {
    const { admission, memory, applied, hold, timed } = bench({ isTimed: false });
    expect(admission.admit(hold(timed({ expiresInMs: -5 })))).toBe(true);
    expect(admission.admit(hold(timed({ dueInMs: 5_000 })))).toBe(true);
    memory.add({ providerId: "stored-1" });
    expect(admission.admit(hold())).toBe(false);
    expect(applied).toEqual([{ kind: "ack" }]);
  });
});
