import { expect, test } from "vitest";
import { createVirtualClock } from "../testing.ts";
import { ElapsedTime } from "../time/elapsed-time.ts";
import { Claim } from "./claim.ts";
import type { IdempotencyStore } from "./idempotency.ts";

const CLAIM_MS = 60_000;

/** A claim for a minute, and what its store was asked for. */
function bench(over: { [Name in keyof IdempotencyStore]?: IdempotencyStore[Name] | undefined } = {}) {
  const clock = createVirtualClock();
  const calls: string[] = [];
  const store = {
    begin: async () => "new",
    commit: async () => {},
    rollback: async () => void calls.push(`rollback ${clock.now()}`),
    extend: async () => void calls.push(`extend ${clock.now()}`),
    ...over,
  } as IdempotencyStore;
  const claim = new Claim({ store, ttlMs: CLAIM_MS, clock, time: new ElapsedTime(clock) }, "k");
  return { clock, calls, claim };
}

// Given up later, it could be the claim of another run, and a third one would begin beside that.
test.each([
  ["early enough", 49_999, ["rollback 49999"]],
  ["so late that it may arrive after the claim", 50_001, []],
  ["after the claim", 300_000, []],
])("a claim that cannot be renewed and fails %s is given up only in time", async (_when, ms, expected) => {
  const { clock, calls, claim } = bench({ extend: undefined });
  await claim.begin();
  claim.keep();
  await clock.advance(ms);
  await claim.rollback();
  expect(calls).toEqual(expected);
});

test("a short claim is given up until its last third", async () => {
  const clock = createVirtualClock();
  let rollbacks = 0;
  const store = { begin: async () => "new", rollback: async () => (rollbacks += 1) } as never;
  const claim = new Claim({ store, ttlMs: 15_000, clock, time: new ElapsedTime(clock) }, "k");
  await claim.begin();
  await clock.advance(9_000);
  await claim.rollback();
  expect(rollbacks).toBe(1);
});

// With one more, it would extend the claim of the run that comes after a rollback.
test("a renewal that is under way when the run ends is the last one", async () => {
  const answer = Promise.withResolvers<void>();
  let renewals = 0;
  const { clock, claim } = bench({
    extend: async () => {
      renewals += 1;
      await answer.promise;
    },
  });
  await claim.begin();
  claim.keep();
  await clock.advance("20s");
  claim.release();
  answer.resolve();
  await clock.advance("5m");
  expect([renewals, clock.pendingTimers]).toEqual([1, 0]);
});

// It could reach the store after the rollback, when the claim is another run's.
test("a claim that is being given up is not renewed meanwhile", async () => {
  const { clock, calls, claim } = bench({ rollback: async () => await new Promise(() => {}) });
  await claim.begin();
  claim.keep();
  void claim.rollback();
  await clock.advance("1m");
  expect(calls).toEqual([]);
});

// From its answer on, the claim would seem to last longer than in the store.
test("a renewal counts from when it was sent", async () => {
  const { clock, calls, claim } = bench({
    extend: async () => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 30_000));
    },
  });
  await claim.begin();
  claim.keep();
  await clock.advance("50s"); // sent after 20 s
  claim.release();
  await clock.advance("21s");
  await claim.rollback();
  expect(calls).toEqual([]);
});

test("a renewal that was not answered extends nothing", async () => {
  const { clock, calls, claim } = bench({ extend: async () => await Promise.reject(new Error("down")) });
  await claim.begin();
  claim.keep();
  await clock.advance("51s");
  await claim.rollback();
  expect(calls).toEqual([]);
});

// Taken for claimed, it would be retried, although nothing is left to do.
test("what is done stays done, however late the store says so", async () => {
  const { clock, claim } = bench({
    begin: async () => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 90_000));
      return "done";
    },
  });
  const state = claim.begin();
  await clock.advance("90s");
  expect(await state).toBe("done");
});
