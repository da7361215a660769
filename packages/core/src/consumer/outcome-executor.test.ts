import { describe, expect, test } from "vitest";
import { DEAD, executorBench, refusal, retry, TARGET } from "../../test/executor-bench.ts";
import type { Outcome } from "../driver/event-source.ts";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { UNSTARTED } from "./outcome-executor.ts";
import type { SettleResult } from "./settler.ts";

const ACK: Outcome = { kind: "ack" };
const SETTLED: SettleResult = { kind: "settled" };

describe("a decision", () => {
  test.each([
    ["to ack", ACK, "m ack"],
    ["to retry", retry(5_000), "m release 5000 retry"],
    ["to dead-letter", DEAD, "m dead-letter"],
  ])("%s is submitted once the room is free", (_what, outcome, submitted) => {
    const { log, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, outcome);
    expect(log).toEqual(["m left", submitted]);
    expect([held.state, held.outcome]).toEqual(["settling", outcome]);
  });

  test("to retry later than the service can delay is for as long as it can", () => {
    const { log, executor, take } = executorBench({ capabilities: { releaseDelay: { maxMs: 900 } } });
    executor.apply(take("m"), retry(5_000));
    executor.apply(take("n"), retry(899));
    expect(log).toEqual(["m left", "m release 900 retry", "n left", "n release 899 retry"]);
  });

  test.each([
    ["ack", ACK, [true, false]],
    ["retry", retry(0), [false, false]],
  ])(
    "to %s that has no answer for long: the message is known only if it is done",
    (_what, outcome, known) => {
      const { memory, executor, take } = executorBench();
      const held = take("m");
      executor.apply(held, outcome);
      executor.overdue(held);
      const meanwhile = memory.has({ providerId: "m" });
      executor.settled(held, SETTLED);
      expect([meanwhile, memory.has({ providerId: "m" })]).toEqual(known);
    },
  );

  test.each([
    ["dead-letter that is lost", DEAD, { kind: "lost", error: refusal("LEASE_LOST") }],
    ["release", retry(0), SETTLED],
  ] as const)(
    "to %s, of an earlier delivery, does not make a handled message unknown",
    (_what, outcome, result) => {
      const { memory, executor, take } = executorBench();
      const [earlier, later] = [take("m"), take("m")];
      executor.apply(earlier, outcome);
      executor.apply(later, ACK);
      executor.overdue(later);
      executor.settled(earlier, result);
      expect(memory.has({ providerId: "m" })).toBe(true);
    },
  );

  test("frees its room once, whatever follows", () => {
    const { log, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, ACK);
    executor.settled(held, { kind: "lost", error: refusal("LEASE_LOST") });
    expect(log.filter((line) => line === "m left")).toHaveLength(1);
  });
});

describe("the result of a settlement", () => {
  test.each([
    ["an ack", ACK, 1],
    ["a dead letter", DEAD, 1],
    ["a retry", retry(0), 0],
    ["what was given back", UNSTARTED, 0],
  ])("of %s is a good end", async (_what, outcome, handled) => {
    const { fatal, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, outcome);
    executor.settled(held, SETTLED);
    await held.completion();
    expect([held.state, executor.tally.handled, fatal]).toEqual(["done", handled, []]);
  });

  test("of an ack that may have worked is a good end, and the message is remembered", async () => {
    const { events, memory, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, ACK);
    executor.settled(held, { kind: "unknown" });
    await held.completion();
    expect([executor.tally.handled, memory.has({ providerId: "m" }), events.seen]).toEqual([1, true, []]);
  });

  test("that is lost is reported, and the message remembered as processed", async () => {
    const { events, fatal, memory, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, ACK);
    const lost = refusal("LEASE_LOST");
    executor.settled(held, { kind: "lost", error: lost });
    await expect(held.completion()).rejects.toBe(lost);
    expect(events.seen).toEqual([{ name: "lease-lost", event: { target: TARGET, id: "m", error: lost } }]);
    expect([executor.tally.handled, memory.has({ providerId: "m" }), fatal]).toEqual([0, true, []]);
  });

  test.each([
    ["ack", ACK, true],
    ["release", retry(0), false],
  ] as const)("of a %s that failed is reported", async (kind, outcome, isRemembered) => {
    const { events, memory, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, outcome);
    executor.settled(held, { kind: "failed", error: refusal("INTERNAL") });
    expect(events.seen).toMatchObject([
      { name: "settle-failed", event: { target: TARGET, id: "m", kind, error: { code: "INTERNAL" } } },
    ]);
    expect([executor.tally.handled, memory.has({ providerId: "m" })]).toEqual([0, isRemembered]);
    await expect(held.completion()).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("of a dead letter that failed says so twice: as a settlement and as a dead letter", () => {
    const { events, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, DEAD);
    executor.settled(held, { kind: "failed", error: refusal("INTERNAL") });
    expect(events.seen.map(({ name }) => name)).toEqual(["settle-failed", "dead-letter-failed"]);
    expect(held.failure).toMatchObject({ code: "INTERNAL" });
  });

  test.each([
    ["ACCESS_DENIED", ["ACCESS_DENIED"]],
    ["NOT_FOUND", ["NOT_FOUND"]],
    ["INTERNAL", []],
  ] as const)("that failed with %s ends the consumer or not", (code, expected) => {
    const { fatal, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, ACK);
    executor.settled(held, { kind: "failed", error: refusal(code) });
    expect(fatal).toEqual(expected);
  });

  test("that is good forgets what was remembered of the message", () => {
    const { memory, executor, take } = executorBench();
    memory.add({ providerId: "m" });
    const held = take("m");
    executor.apply(held, ACK);
    executor.settled(held, SETTLED);
    expect(memory.has({ providerId: "m" })).toBe(false);
  });
});

describe("a lost lease", () => {
  test("aborts the run, is reported and ends the delivery", async () => {
    const { log, events, executor, take } = executorBench();
    const held = take("m");
    const lost = refusal("LEASE_LOST");
    executor.lost(held, lost);
    expect([held.state, held.abortReason, log]).toEqual(["done", lost, ["m untracked", "m left"]]);
    expect(events.seen).toEqual([{ name: "lease-lost", event: { target: TARGET, id: "m", error: lost } }]);
    await expect(held.completion()).rejects.toBe(lost);
    executor.lost(held, lost);
    expect(events.seen).toHaveLength(1);
  });

  test("of a settlement on its way is the settler's business", () => {
    const { log, events, executor, take } = executorBench();
    const held = take("m");
    executor.apply(held, ACK);
    executor.lost(held, refusal("LEASE_LOST"));
    expect(log.at(-1)).toBe("m lost while settling");
    expect([held.state, events.seen]).toEqual(["settling", []]);
  });

  test("blocks its key until the message may be here again, which is now", () => {
    const { lanes, log, executor, take } = executorBench({ isOrdered: true });
    const held = take("m");
    const follower = take("n", { isRunning: false });
    executor.lost(held, refusal("LEASE_LOST"));
    expect(log).toContain("n release 0 unstarted");
    expect(follower.outcome).toEqual(UNSTARTED);
    expect(lanes?.blockedForMs("k", 0)).toBe(0);
    const late = new HeldDelivery(delivery("o", { id: "o", providerId: "o" }), "k", 4);
    expect(lanes?.place(late, "k", 0)).toBe("follower"); // its ask was out already
  });
});

test("a settlement whose next try has come is tried again", () => {
  const { log, executor, take } = executorBench();
  const held = take("m");
  executor.apply(held, ACK);
  executor.wake(held);
  expect(log.at(-1)).toBe("m tried again");
});
