import { describe, expect, test } from "vitest";
import { ACK, BUSY, failure, OK, RELEASE, settleBench } from "../../test/settle-bench.ts";
import type { ItemResult } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";

describe("settlements", () => {
  test("go out by their kind, with what belongs to each", async () => {
    const { clock, settler, keeper, requests, results, submit } = settleBench();
    submit("a");
    submit("b", RELEASE);
    submit("c", { kind: "dead-letter", reason: "R", attributes: { x: "1" } });
    submit("d", { kind: "dead-letter", reason: "R", description: "D", attributes: {} });
    expect(settler.pending).toBe(4);
    await clock.settle();
    expect(requests).toStrictEqual([
      { atMs: 0, operation: "ack", items: ["a"] },
      { atMs: 0, operation: "release", items: [{ handle: "b", delayMs: 5_000, cause: "retry" }] },
      {
        atMs: 0,
        operation: "dead-letter",
        items: [
          { handle: "c", reason: "R", attributes: { x: "1" } },
          { handle: "d", reason: "R", description: "D", attributes: {} },
        ],
      },
    ]);
    expect(results.toSorted()).toEqual(["a settled", "b settled", "c settled", "d settled"]);
    expect([settler.pending, clock.pendingTimers, keeper.holders()]).toEqual([0, 1, []]);
  });

  test("of leases that ran out are not sent; those beside them are, and get their own results", async () => {
    const { clock, requests, results, submit, answerWith } = settleBench({ lingerMs: 1_000 });
    answerWith(async () => [failure({ code: "NOT_FOUND", retryable: false }), OK]);
    submit("a");
    const late = submit("b");
    submit("c");
    if (late.lease !== undefined) late.lease.untilMs = clock.now() + 1_000;
    await clock.advance(1_000);
    expect(requests).toEqual([{ atMs: 1_000, operation: "ack", items: ["a", "c"] }]);
    expect(results).toEqual(["a failed NOT_FOUND", "b lost LEASE_LOST", "c settled"]);
  });

  test("wait for company, but not where little of the lease is left", async () => {
    const { clock, requests, submit } = settleBench({ lingerMs: 5_000 });
    submit("a", ACK, 20_000);
    await clock.advance(4_000);
    expect(requests).toEqual([]);
    submit("b", ACK, 1_000);
    await clock.settle();
    expect(requests).toEqual([]); // with a second left, it can wait
    submit("c", ACK, 999);
    await clock.settle();
    expect(requests).toEqual([{ atMs: 4_000, operation: "ack", items: ["a", "b", "c"] }]);
  });

  test("that the service loses while they wait end as lost, once", async () => {
    const { clock, settler, results, submit, answerWith } = settleBench();
    const { promise, resolve } = Promise.withResolvers<readonly ItemResult[]>();
    answerWith(async () => await promise);
    const held = submit("a");
    await clock.settle();
    const error = new QueueError("LEASE_LOST", { what: "detached" });
    settler.lose(held, error);
    settler.lose(held, error);
    resolve([OK]);
    await clock.settle();
    expect(results).toEqual(["a lost LEASE_LOST"]);
    expect(settler.pending).toBe(0);
  });
});

describe("a settlement on its way", () => {
  test("waits with its delay for a renewal that is out, and is not sent if the lease is lost meanwhile", async () => {
    const { clock, settler, requests, results, renewWhen, track } = settleBench();
    const renewed = Promise.withResolvers<void>();
    renewWhen(renewed.promise);
    const [kept, gone] = [track("a"), track("b")];
    await clock.advance(30_000);
    for (const held of [kept, gone]) {
      held.settlement = RELEASE;
      settler.submit(held);
    }
    await clock.settle();
    expect(requests).toEqual([]);
    settler.lose(gone, new QueueError("LEASE_LOST", { what: "detached" }));
    renewed.resolve();
    await clock.settle();
    const items = [{ handle: "a", delayMs: 5_000, cause: "retry" }];
    expect(requests).toEqual([{ atMs: 30_000, operation: "release", items }]);
    expect(results).toEqual(["b lost LEASE_LOST", "a settled"]);
  });

  test("that waits for a renewal is lost where that finds the message gone", async () => {
    const { clock, settler, requests, results, renewWhen, track } = settleBench();
    const renewed = Promise.withResolvers<void>();
    renewWhen(renewed.promise, failure({ code: "LEASE_LOST", retryable: false }));
    const held = track("a");
    await clock.advance(30_000);
    held.settlement = RELEASE;
    settler.submit(held);
    renewed.resolve();
    await clock.settle();
    expect([requests, results]).toEqual([[], ["a lost LEASE_LOST"]]);
  });

  test("that acks waits for no renewal that hangs, nor believes one that finds the message gone", async () => {
    const { clock, settler, requests, results, renewWhen, track, answerWith } = settleBench();
    const renewed = Promise.withResolvers<void>();
    renewWhen(renewed.promise, failure({ code: "LEASE_LOST", retryable: false }));
    const acked = Promise.withResolvers<void>();
    answerWith(async (items) => {
      await acked.promise;
      return items.map(() => OK);
    });
    const held = track("a");
    await clock.advance(30_000);
    held.settlement = ACK;
    settler.submit(held);
    await clock.settle();
    expect(requests).toEqual([{ atMs: 30_000, operation: "ack", items: ["a"] }]);
    renewed.resolve();
    await clock.settle();
    expect(results).toEqual([]);
    acked.resolve();
    await clock.settle();
    expect(results).toEqual(["a settled"]);
  });

  test("waits for no renewal that has not gone out, which then never does", async () => {
    const bench = settleBench({ maxRenewals: 1 });
    const { clock, settler, requests, results, renewals, renewWhen, track, answerWith } = bench;
    const [renewed, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    renewWhen(renewed.promise);
    answerWith(async (items) => {
      await released.promise;
      return items.map(() => OK);
    });
    track("a");
    await clock.advance(10_000);
    const behind = track("b");
    await clock.advance(30_000);
    behind.settlement = RELEASE;
    settler.submit(behind);
    await clock.settle();
    expect(requests).toHaveLength(1);
    renewed.resolve();
    await clock.settle();
    expect([renewals, results]).toEqual([[30_000], []]);
    released.resolve();
    await clock.settle();
    expect(results).toEqual(["b settled"]);
  });

  test("is not tried again by who has no reason to", async () => {
    const { clock, settler, requests, submit, answerWith } = settleBench();
    answerWith(async () => await new Promise(() => {}));
    const held = submit("a");
    await clock.settle();
    settler.retry(held);
    await clock.settle();
    expect(requests).toHaveLength(1);
  });
});

describe("a settlement that fails", () => {
  test("keeps its lease renewed until its next try", async () => {
    const { clock, requests, results, renewals, submit, answerWith } = settleBench();
    answerWith(async () => [requests.length === 1 ? failure({ ...BUSY, retryAfterMs: 50_000 }) : OK]);
    submit("a");
    await clock.advance(50_000);
    expect([requests.map(({ atMs }) => atMs), renewals, results]).toEqual([
      [0, 50_000],
      [30_000],
      ["a settled"],
    ]);
  });

  test("keeps its lease for as long as it is tried, however often that is", async () => {
    const { clock, requests, results, renewals, submit, answerWith } = settleBench();
    answerWith(async () => [clock.now() < 200_000 ? failure({ ...BUSY, retryAfterMs: 10_000 }) : OK]);
    submit("a");
    await clock.advance(200_000);
    expect(requests).toHaveLength(21);
    expect(renewals).toEqual([30_000, 60_000, 90_000, 120_000, 150_000, 180_000]);
    expect(results).toEqual(["a settled"]);
  });

  test.each([
    [ACK, "ack failed"],
    [RELEASE, "release failed"],
    [{ kind: "dead-letter", reason: "R", attributes: {} }, "deadLetter failed"],
  ] as const)("says what failed: %o", async (settlement, text) => {
    const { clock, errors, submit, answerWith } = settleBench();
    answerWith(async () => [failure({ code: "ACCESS_DENIED", retryable: false })]);
    submit("a", settlement);
    await clock.settle();
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(text)]);
  });

  test("is tried again after growing pauses, as long as the lease lasts", async () => {
    const { clock, requests, results, submit, answerWith } = settleBench({ canExtend: false });
    answerWith(async () => [failure(BUSY)]);
    submit("a");
    await clock.advance(60_000);
    const times = requests.map(({ atMs }) => atMs);
    const pauses = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(4);
    expect(pauses.slice(0, 5)).toEqual(pauses.slice(0, 5).toSorted((one, other) => one - other));
    expect(pauses[0]).toBeLessThan(pauses[3] ?? 0);
    expect(Math.max(...times)).toBeLessThan(60_000);
    expect(results).toEqual(["a failed THROTTLED"]);
  });

  test("is tried again when the service says so", async () => {
    const { clock, requests, submit, answerWith } = settleBench();
    answerWith(async () => [requests.length === 1 ? failure({ ...BUSY, retryAfterMs: 30_000 }) : OK]);
    submit("a");
    await clock.advance(30_000);
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 30_000]);
  });

  test.each([
    ["the lease", {}],
    ["the longest hold", { leaseMs: 600_000, totalMs: 60_000 }],
  ])("is given up at once where the service wants more patience than %s has", async (_, options) => {
    const { clock, results, submit, answerWith } = settleBench(options);
    await clock.advance(30_000);
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 60_000 })]);
    submit("a");
    await clock.settle();
    expect(results).toEqual(["a failed THROTTLED"]);
  });

  // Credentials are renewed, and a request is cancelled because it takes long: neither refuses the settlement.
  test.each(["UNAUTHENTICATED", "CANCELLED"] as const)(
    "for good is not tried again, but %s is",
    async (code) => {
      const { clock, requests, results, submit, answerWith } = settleBench();
      answerWith(async () => [failure({ code: "ACCESS_DENIED", retryable: false })]);
      submit("a");
      await clock.settle();
      expect(results).toEqual(["a failed ACCESS_DENIED"]);
      answerWith(async () => [requests.length === 2 ? failure({ code, retryable: false }) : OK]);
      submit("b");
      await clock.advance(10_000);
      expect(results).toEqual(["a failed ACCESS_DENIED", "b settled"]);
    },
  );

  test.each([
    ["an ack", ACK, [true], "a unknown"],
    ["an ack that was refused for certain when tried again", ACK, [true, false], "a unknown"],
    ["an ack that was refused for certain", ACK, [false], "a lost LEASE_LOST"],
    ["a release", RELEASE, [true], "a lost LEASE_LOST"],
  ])("and may have worked, and then finds its lease gone: %s", async (_, settlement, tries, result) => {
    const { clock, requests, results, submit, answerWith } = settleBench();
    answerWith(async () => {
      const ambiguous = tries[requests.length - 1];
      if (ambiguous === undefined) return [failure({ code: "LEASE_LOST", retryable: false })];
      return [failure({ code: "TIMEOUT", retryable: true, ambiguous })];
    });
    submit("a", settlement);
    await clock.advance(10_000);
    expect(results).toEqual([result]);
  });

  test("is an ambiguous error of the driver where results are missing", async () => {
    const { clock, results, errors, submit, answerWith } = settleBench();
    answerWith(async () => []);
    submit("a");
    await clock.settle();
    expect(results).toEqual(["a failed INTERNAL?"]);
    expect(String(errors[0])).toContain("0 results for 1 items of ack");
  });
});
