import { describe, expect, test } from "vitest";
import { executorBench, refusal, retry } from "../../test/executor-bench.ts";
import { UNSTARTED } from "./outcome-executor.ts";
import type { SettleResult } from "./settler.ts";

const SETTLED: SettleResult = { kind: "settled" };

describe("where the service takes nothing back", () => {
  test("a retry ends here: it comes again when its lease ends", async () => {
    const { log, executor, take } = executorBench({ capabilities: { release: "none" } });
    const held = take("m");
    executor.apply(held, retry(5_000));
    expect(log).toEqual(["m untracked", "m left"]);
    expect([held.state, held.outcome]).toEqual(["done", retry(5_000)]);
    await held.completion();
  });

  test.each([
    [7_000, 7_000],
    [-5, 0],
    [Number.POSITIVE_INFINITY, 0],
  ])("with %d ms of the lease left, its key is blocked for %i ms", (leftMs, blockedMs) => {
    const { executor, lanes, state, take } = executorBench({
      capabilities: { release: "none" },
      isOrdered: true,
    });
    const held = take("m");
    state.leftMs = leftMs;
    executor.apply(held, retry(5_000));
    expect(lanes?.blockedForMs("k", 0)).toBe(blockedMs);
  });

  test("what was never started ends as unstarted", () => {
    const { executor, take } = executorBench();
    const held = take("m", { isRunning: false });
    executor.letGo(held);
    expect([held.state, held.outcome]).toEqual(["done", UNSTARTED]);
  });
});

describe("where the service cannot delay a retry", () => {
  const undelayed = { capabilities: { releaseDelay: "none" } } as const;

  test("one without a delay goes at once", () => {
    const { log, executor, take } = executorBench(undelayed);
    executor.apply(take("m"), retry(0));
    expect(log).toEqual(["m left", "m release 0 retry"]);
  });

  test("one that is lost while it waits is not counted among those any more", () => {
    const { executor, take } = executorBench(undelayed);
    const held = take("m");
    executor.apply(held, retry(5_000));
    executor.lost(held, refusal("LEASE_LOST"));
    expect([held.state, executor.tally.parked]).toEqual(["done", 0]);
  });

  test("what no handler has begun goes back as that when its wait is over", () => {
    const { log, executor, take } = executorBench(undelayed);
    const held = take("m", { isRunning: false });
    executor.apply(held, { kind: "release", delayMs: 5_000, cause: "unstarted" });
    executor.wake(held);
    expect(log.at(-1)).toBe("m release 0 unstarted");
  });

  test("one with a delay waits here, and takes room as long as it does", async () => {
    const { clock, log, executor, take } = executorBench(undelayed);
    await clock.advance(500);
    const held = take("m");
    executor.apply(held, retry(5_000));
    expect([held.state, log]).toEqual(["parked", ["m wakes at 5500"]]);
    expect(executor.tally.parked).toBe(1);
    executor.wake(held);
    expect(executor.tally.parked).toBe(0);
    expect(log).toEqual(["m wakes at 5500", "m left", "m release 0 retry"]);
    executor.unpark(held);
    expect(log).toHaveLength(3);
  });

  test("it waits no longer than allowed, nor than the delivery may be held", () => {
    const { log, executor, take } = executorBench(undelayed);
    executor.apply(take("m"), retry(90_000));
    const capped = take("n");
    capped.capAtMs = 20_000;
    executor.apply(capped, retry(90_000));
    expect(log).toEqual(["m wakes at 60000", "n wakes at 20000"]);
  });

  test("nothing waits any more once a drain began", () => {
    const { log, executor, take } = executorBench(undelayed);
    executor.tally.isDraining = true;
    executor.apply(take("m"), retry(5_000));
    expect(log).toEqual(["m left", "m release 0 retry"]);
  });

  test.each([
    [60_000, true, "m wakes at 60000"],
    [60_001, false, "m wakes at 60001"],
    [60_001, true, "m copied by 60001"],
  ])("a delay of %i ms is a copy where one may be made (%s): %s", (delayMs, takes, line) => {
    const log: string[] = [];
    const retries = {
      takes: () => takes,
      send: async (_delivery: unknown, ms: number) => {
        log.push(`m copied by ${ms}`);
        return await Promise.resolve(undefined);
      },
      close: async () => {},
    };
    const made = executorBench({ ...undelayed, over: { retries, maxParkMs: Number.POSITIVE_INFINITY } });
    made.executor.apply(made.take("m"), retry(delayMs));
    expect([...log, ...made.log]).toContain(line);
  });

  test("the original is acked when its copy is confirmed, and is not counted as handled", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const retries = { takes: () => true, send: async () => await promise, close: async () => {} };
    const { clock, log, events, executor, take } = executorBench({ ...undelayed, over: { retries } });
    const held = take("m");
    executor.apply(held, retry(600_000));
    await clock.settle();
    expect([held.state, log]).toEqual(["settling", ["m left"]]);
    resolve(undefined);
    await clock.settle();
    expect(log).toEqual(["m left", "m ack"]);
    executor.settled(held, SETTLED);
    expect([executor.tally.handled, events.seen]).toEqual([0, []]);
  });

  test("a copy that fails leaves the message here for a minute", async () => {
    const retries = {
      takes: () => true,
      send: async () => await Promise.resolve(refusal("INTERNAL")),
      close: async () => {},
    };
    const { clock, log, executor, take } = executorBench({ ...undelayed, over: { retries } });
    const held = take("m");
    executor.apply(held, retry(600_000));
    await clock.settle();
    expect([held.state, log]).toEqual(["parked", ["m left", "m wakes at 60000"]]);
    expect(executor.tally.parked).toBe(0); // it takes no room any more
  });
});
