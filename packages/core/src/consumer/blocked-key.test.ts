import { describe, expect, test } from "vitest";
import { DEAD, executorBench, refusal, retry } from "../../test/executor-bench.ts";
import type { Outcome } from "../driver/event-source.ts";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { UNSTARTED } from "./outcome-executor.ts";
import type { SettleResult } from "./settler.ts";

const ACK: Outcome = { kind: "ack" };
const SETTLED: SettleResult = { kind: "settled" };

describe("an ordering key", () => {
  test("goes on at once after an ack", () => {
    const { log, executor, take } = executorBench({ isOrdered: true });
    const held = take("m");
    take("n", { isRunning: false });
    executor.apply(held, ACK);
    expect(log).toEqual(["m left", "m ack", "n ready"]);
  });

  test("goes on after a dead letter only when that is confirmed", () => {
    const { log, executor, take } = executorBench({ isOrdered: true });
    const held = take("m");
    take("n", { isRunning: false });
    executor.apply(held, DEAD);
    expect(log).toEqual(["m left", "m dead-letter"]);
    executor.settled(held, SETTLED);
    expect(log.at(-1)).toBe("n ready");
  });

  test("is blocked by a dead letter that failed, until the message may be here again", () => {
    const { lanes, log, executor, take } = executorBench({ isOrdered: true });
    const held = take("m");
    take("n", { isRunning: false });
    executor.apply(held, DEAD);
    executor.settled(held, { kind: "failed", error: refusal("INTERNAL") });
    expect(log.slice(2)).toEqual(["n left", "n release 0 unstarted"]);
    expect(lanes?.blockedForMs("k", 0)).toBe(0);
  });

  test.each([
    ["dead letter", DEAD],
    ["release", retry(0)],
  ] as const)(
    "is blocked for a whole lease by a %s that was refused: nobody has let the message go",
    (_what, outcome) => {
      const { lanes, executor, take } = executorBench({ isOrdered: true });
      const held = take("m", { leaseMs: 30_000 });
      executor.apply(held, outcome);
      executor.settled(held, { kind: "failed", error: refusal("INTERNAL") });
      expect(lanes?.blockedForMs("k", 0)).toBe(30_000);
    },
  );

  test("is not blocked by a dead letter of which nobody knows whether it was taken", () => {
    const { lanes, executor, take } = executorBench({ isOrdered: true });
    const held = take("m", { leaseMs: 30_000 });
    executor.apply(held, DEAD);
    held.wasAmbiguous = true;
    executor.settled(held, { kind: "lost", error: refusal("LEASE_LOST") });
    expect(lanes?.blockedForMs("k", 0)).toBe(0);
  });

  test.each([
    ["release", ["n left", "n release 0 unstarted", "m left", "m release 5000 retry"], 0],
    ["drop", ["n untracked", "n left", "m left", "m release 5000 retry"], 0],
    ["hold", ["m left", "m release 5000 retry"], 1],
  ] as const)(
    "whose message failed sends its followers where they belong (%s)",
    (followers, expected, waiting) => {
      const { lanes, log, executor, take } = executorBench({ isOrdered: true, capabilities: { followers } });
      const held = take("m");
      take("n", { isRunning: false });
      executor.apply(held, retry(5_000));
      expect(log).toEqual(expected);
      expect(lanes?.waiting).toBe(waiting);
      expect(lanes?.blockedForMs("k", 0)).toBe(1_000);
      executor.settled(held, SETTLED);
      expect(lanes?.blockedForMs("k", 0)).toBe(5_000);
    },
  );

  test("has a follower that came too early wait as long as it must", () => {
    const { log, executor, take } = executorBench({ isOrdered: true });
    const follower = take("n", { isRunning: false });
    executor.follow(follower, 700);
    expect(log).toEqual(["n left", "n release 700 unstarted"]);
    expect(follower.outcome).toEqual(UNSTARTED);
  });

  test("whose delivery is given back goes to the next", () => {
    const { log, executor, take } = executorBench({ isOrdered: true });
    const held = take("m", { isRunning: false });
    take("n", { isRunning: false });
    executor.giveBack(held);
    expect(log).toEqual(["n ready", "m left", "m release 0 unstarted"]);
    expect(held.outcome).toEqual(UNSTARTED);
  });

  test("is not touched by the end of what has none", () => {
    const { lanes, executor } = executorBench({ isOrdered: true });
    const keyless = new HeldDelivery(delivery("m", { id: "m", providerId: "m" }), undefined, 1);
    keyless.become("running");
    executor.apply(keyless, DEAD);
    executor.settled(keyless, { kind: "failed", error: refusal("INTERNAL") });
    expect(lanes?.waiting).toBe(0);
  });
});
