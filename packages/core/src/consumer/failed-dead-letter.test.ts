import { describe, expect, test } from "vitest";
import {
  DEAD,
  executorBench,
  refusal,
  TARGET,
  type ExecutorBenchOptions,
} from "../../test/executor-bench.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { DeadLetterRoute } from "./dead-letter.ts";
import type { SettleResult } from "./settler.ts";

const SETTLED: SettleResult = { kind: "settled" };

describe("a dead letter that is copied", () => {
  function copying(answer: QueueError | undefined, options: ExecutorBenchOptions = {}) {
    const { promise, resolve } = Promise.withResolvers<QueueError | undefined>();
    const route: DeadLetterRoute = {
      kind: "copy",
      send: async () => await promise,
      close: async () => {},
    };
    const made = executorBench({ ...options, over: { route } });
    return {
      ...made,
      async answer() {
        resolve(answer);
        await made.clock.settle();
      },
    };
  }

  test("is acked when the copy is confirmed, and counted when that is", async () => {
    const { log, events, executor, take, answer } = copying(undefined);
    const held = take("m");
    executor.apply(held, DEAD);
    expect(log).toEqual(["m left"]);
    await answer();
    expect(log).toEqual(["m left", "m ack"]);
    expect([executor.tally.handled, events.seen]).toEqual([0, []]);
    executor.settled(held, SETTLED);
    expect(executor.tally.handled).toBe(1);
    expect(events.seen).toEqual([
      { name: "dead-lettered", event: { target: TARGET, id: "m", reason: "R", attempt: 1 } },
    ]);
    await held.completion();
  });

  test("that fails keeps the message: it is released after a pause, and says so", async () => {
    const { log, events, executor, take, answer } = copying(refusal("INTERNAL"));
    const held = take("m");
    executor.apply(held, DEAD);
    await answer();
    expect(log).toEqual(["m left", "m release 500 retry"]);
    expect(events.seen).toMatchObject([
      { name: "dead-letter-failed", event: { target: TARGET, id: "m", error: { code: "INTERNAL" } } },
    ]);
    executor.settled(held, SETTLED);
    expect(executor.tally.handled).toBe(0);
    await expect(held.completion()).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("that fails blocks its key", async () => {
    const { lanes, executor, take, answer } = copying(refusal("INTERNAL"), { isOrdered: true });
    const held = take("m");
    executor.apply(held, DEAD);
    expect(lanes?.blockedForMs("k", 0)).toBe(0);
    await answer();
    expect(lanes?.blockedForMs("k", 0)).toBe(1_000);
    executor.settled(held, SETTLED);
    expect(lanes?.blockedForMs("k", 0)).toBe(500);
  });

  test("is remembered if the delivery was lost before the copy was confirmed, so that no second is made", async () => {
    const { log, memory, executor, take, answer } = copying(undefined);
    const held = take("m");
    executor.apply(held, DEAD);
    executor.lost(held, refusal("LEASE_LOST"));
    expect(held.state).toBe("done");
    await answer();
    expect(memory.has({ providerId: "m" })).toBe(true);
    expect(log).not.toContain("m ack");
  });

  test("is not remembered if the copy failed", async () => {
    const { log, memory, executor, take, answer } = copying(refusal("INTERNAL"));
    const held = take("m");
    executor.apply(held, DEAD);
    executor.lost(held, refusal("LEASE_LOST"));
    await answer();
    expect(memory.has({ providerId: "m" })).toBe(false);
    expect(log).toEqual(["m left", "m untracked"]);
  });
});

describe("a dead letter that has nowhere to go", () => {
  test("is released after the longest pause and reported as impossible", async () => {
    const route: DeadLetterRoute = { kind: "none", why: "there is none", remedy: "Make one." };
    const { log, events, executor, take } = executorBench({ over: { route } });
    const held = take("m");
    executor.apply(held, DEAD);
    expect(log).toEqual(["m left", "m release 300000 retry"]);
    expect(events.of("dead-letter-failed")).toMatchObject([
      // Functions throw it: without the cause, their platform's log would not say what the message died of.
      { id: "m", error: { code: "UNSUPPORTED", target: TARGET, remedy: "Make one.", cause: "R" } },
    ]);
    executor.settled(held, SETTLED);
    await expect(held.completion()).rejects.toMatchObject({ code: "UNSUPPORTED", feature: "deadLetter" });
  });

  test("blocks its key", () => {
    const route: DeadLetterRoute = { kind: "none", why: "there is none", remedy: "Make one." };
    const { lanes, executor, take } = executorBench({ isOrdered: true, over: { route } });
    executor.apply(take("m"), DEAD);
    expect(lanes?.blockedForMs("k", 0)).toBe(1_000);
  });
});
