import { describe, expect, test } from "vitest";
import { failure, leaseBench, type Extended } from "../../test/lease-bench.ts";
import { QueueError } from "../errors/queue-error.ts";

describe("renewals", () => {
  test.each([
    [0, 27_000],
    [1, 33_000],
  ])("with %d for chance come after %d ms of a minute", async (random, atMs) => {
    const { clock, requests, track } = leaseBench({ random });
    track("a");
    await clock.advance(atMs - 1);
    expect(requests).toEqual([]);
    await clock.advance(1);
    expect(requests).toEqual([{ atMs, items: ["a 60000"] }]);
  });

  test("that fall due within a second share a request, later ones do not", async () => {
    const { clock, requests, track } = leaseBench();
    track("a");
    await clock.advance(900);
    track("b");
    await clock.advance(1_000);
    track("c");
    await clock.advance(28_100); // half a minute after the first
    expect(requests).toEqual([{ atMs: 30_000, items: ["a 60000", "b 60000"] }]);
  });

  test("of short leases share a request within a twentieth of them only", async () => {
    const { clock, requests, track } = leaseBench({ leaseMs: 4_000 });
    track("a");
    await clock.advance(200);
    track("b");
    await clock.advance(100);
    track("c");
    await clock.advance(1_700);
    expect(requests).toEqual([{ atMs: 2_000, items: ["a 4000", "b 4000"] }]);
  });

  test("that fail are tried again at half of what is left, and then in time", async () => {
    const { clock, requests, lost, track, answerWith } = leaseBench();
    track("a");
    answerWith(async () => [failure({ code: "UNAVAILABLE", retryable: true })]);
    await clock.advance(59_900);
    expect(requests.slice(0, 4).map(({ atMs }) => atMs)).toEqual([30_000, 45_000, 52_500, 56_250]);
    const gaps = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
    expect(lost).toEqual([]);
    await clock.advance(100);
    expect(lost).toEqual(["a LEASE_LOST"]);
  });

  test("honour the service's hint", async () => {
    const { clock, requests, track, answerWith } = leaseBench();
    track("a");
    answerWith(async () => [failure({ code: "THROTTLED", retryable: true, retryAfterMs: 20_000 })]);
    await clock.advance(50_000);
    expect(requests.map(({ atMs }) => atMs)).toEqual([30_000, 50_000]);
  });

  test("end with the delivery", async () => {
    const { clock, keeper, requests, track } = leaseBench();
    const held = track("a");
    track("b");
    keeper.untrack(held);
    keeper.untrack(held);
    await clock.advance(30_000);
    expect(requests).toEqual([{ atMs: 30_000, items: ["b 60000"] }]);
    expect(keeper.holders().map(({ delivery: { id } }) => id)).toEqual(["b"]);
    expect(keeper.leftMs(held, clock.now())).toBe(Number.NEGATIVE_INFINITY);
  });

  test("stop for a settlement, which waits for the one on its way, and go on after it", async () => {
    const { clock, keeper, requests, lost, track, answerWith } = leaseBench();
    const held = track("a");
    expect(keeper.pause(held)).toBeUndefined();
    await clock.advance(45_000);
    expect(requests).toEqual([]);
    keeper.resume(held);
    const { promise, resolve } = Promise.withResolvers<readonly Extended[]>();
    answerWith(async () => await promise);
    await clock.advance(0);
    expect(requests.map(({ atMs }) => atMs)).toEqual([45_000]); // it was due at 30 s
    let isAnswered = false;
    void keeper.pause(held)?.then(() => {
      isAnswered = true;
    });
    await clock.advance(5_000);
    expect(isAnswered).toBe(false);
    resolve([{ ok: true, value: { leaseMs: 60_000 } }]);
    await clock.settle();
    expect(isAnswered).toBe(true);
    expect(keeper.leftMs(held, 50_000)).toBe(55_000); // from when it was asked for: the service began then, or later
    await clock.advance(90_000); // paused: the keeper neither renews it nor reports it lost
    expect([requests.length, lost]).toEqual([1, []]);
  });

  test("that a settlement without an answer puts off are reported, once for each try", async () => {
    const { clock, keeper, overdue, track } = leaseBench();
    const held = track("a");
    keeper.untrack(track("b"));
    void keeper.pause(held);
    await clock.advance(29_000);
    expect(overdue).toEqual([]);
    await clock.advance(61_000);
    expect(overdue).toEqual(["a"]);
    keeper.resume(held);
    void keeper.pause(held);
    await clock.advance(1_000);
    expect(overdue).toEqual(["a", "a"]);
  });

  test("of one lease are one, as long as somebody holds it, also while one of them settles", async () => {
    const { clock, keeper, requests, track } = leaseBench({ lease: "shared" });
    const first = track("a", { leaseKey: "s" });
    track("b", { leaseKey: "s" });
    expect(keeper.pause(first)).toBeUndefined();
    await clock.advance(30_000);
    expect(requests).toEqual([{ atMs: 30_000, items: ["a 60000"] }]);
    keeper.untrack(first);
    await clock.advance(30_000);
    expect(requests[1]).toEqual({ atMs: 60_000, items: ["b 60000"] });
  });

  test("of a lease that was let go and taken anew begin anew", async () => {
    const { clock, keeper, requests, track } = leaseBench({ lease: "shared" });
    keeper.untrack(track("a", { leaseKey: "s" }));
    await clock.advance(10_000);
    track("b", { leaseKey: "s" });
    await clock.advance(30_000);
    expect(requests).toEqual([{ atMs: 40_000, items: ["b 60000"] }]);
  });
});

describe("the longest hold", () => {
  test.each([
    ["is the core's", { totalMs: 300_000 }, 300_000],
    ["is the service's, less five seconds", { serviceTotalMs: 300_000 }, 295_000],
    [
      "is the service's, less a quarter of a short lease",
      { serviceTotalMs: 300_000, leaseMs: 8_000 },
      298_000,
    ],
  ])("%s", async (_, options, atMs) => {
    const { clock, woken, track } = leaseBench(options);
    track("a");
    await clock.advance(atMs - 1);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken).toEqual(["a"]);
  });

  test("wakes each holder of a lease for itself", async () => {
    const { clock, keeper, woken, track } = leaseBench({ lease: "shared" });
    const first = track("a", { leaseKey: "s" });
    track("b", { leaseKey: "s" });
    keeper.wakeAt(first, 5_000);
    await clock.advance(5_000);
    expect(woken).toEqual(["a"]);
  });
});

describe("an extension", () => {
  test("asks for what is wanted, and no renewal asks for less before its end", async () => {
    const { clock, keeper, requests, track } = leaseBench();
    const held = track("a");
    await keeper.extend(held, 600_000);
    expect(requests).toEqual([{ atMs: 0, items: ["a 600000"] }]);
    await clock.advance(300_000);
    expect(requests[1]).toEqual({ atMs: 300_000, items: ["a 300000"] });
    await keeper.extend(held, 1_000);
    expect(requests[2]?.items).toEqual(["a 300000"]);
    await clock.advance(150_000);
    expect(requests[3]?.items).toEqual(["a 150000"]); // what was promised first still holds
  });

  test("never goes beyond the longest hold", async () => {
    const { clock, keeper, requests, track } = leaseBench({ totalMs: 100_000 });
    const held = track("a");
    await clock.advance(10_000);
    await keeper.extend(held, 600_000);
    expect(requests).toEqual([{ atMs: 10_000, items: ["a 90000"] }]);
  });

  test("never shortens a lease", async () => {
    const { clock, keeper, requests, track } = leaseBench();
    const held = track("a");
    await clock.advance(10_000);
    await keeper.extend(held, 1_000);
    expect(requests).toEqual([{ atMs: 10_000, items: ["a 50000"] }]);
    expect(keeper.leftMs(held, 10_000)).toBe(50_000);
  });

  test("does not go out beside a settlement, whose delay it would overwrite", async () => {
    const { keeper, requests, track, answerWith } = leaseBench();
    const held = track("a");
    void keeper.pause(held);
    await expect(keeper.extend(held, 60_000)).rejects.toMatchObject({
      code: "LEASE_LOST",
      message: expect.stringContaining("is settled already"),
    });
    expect(requests).toEqual([]);
    keeper.resume(held);
    const answer = Promise.withResolvers<readonly Extended[]>();
    answerWith(async () => await answer.promise);
    const first = keeper.extend(held, 60_000);
    const second = keeper.extend(held, 90_000);
    await Promise.resolve();
    const ended = keeper.pause(held);
    answer.resolve([{ ok: true, value: { leaseMs: 60_000 } }]);
    await Promise.all([first, ended]);
    await expect(second).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(requests).toHaveLength(1);
  });

  test("goes out when the one before it has its answer, which it could overtake", async () => {
    const { clock, keeper, requests, track, answerWith } = leaseBench();
    const held = track("a");
    const answer = Promise.withResolvers<readonly Extended[]>();
    answerWith(async () => await answer.promise);
    for (const byMs of [60_000, 70_000, 80_000]) void keeper.extend(held, byMs);
    await clock.settle();
    answerWith(async () => await new Promise(() => {}));
    answer.resolve([{ ok: true, value: { leaseMs: 60_000 } }]);
    await clock.settle();
    expect(requests.map(({ items }) => items)).toEqual([["a 60000"], ["a 70000"]]);
  });

  test("rejects with what the service said, and loses what is gone", async () => {
    const { keeper, lost, track, answerWith } = leaseBench();
    const held = track("a");
    answerWith(async () => [failure({ code: "THROTTLED", retryable: true })]);
    await expect(keeper.extend(held, 60_000)).rejects.toMatchObject({ code: "THROTTLED" });
    expect(lost).toEqual([]);
    answerWith(async () => [failure({ code: "LEASE_LOST", retryable: false })]);
    await expect(keeper.extend(held, 60_000)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(lost).toEqual(["a LEASE_LOST"]);
    await expect(keeper.extend(held, 60_000)).rejects.toMatchObject({
      code: "LEASE_LOST",
      message: expect.stringContaining("before it could be extended"),
    });
  });

  test("is needless where the lease lasts as long as the link, and refused where it cannot be", async () => {
    const linked = leaseBench({ lease: "link" });
    await linked.keeper.extend(linked.track("a", {}, Number.POSITIVE_INFINITY), 60_000);
    const { keeper, requests, track } = leaseBench({ lease: "none" });
    await expect(keeper.extend(track("b"), 60_000)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      feature: "extend",
      operation: "extend",
      message: expect.stringContaining("cannot be extended"),
    });
    expect(linked.requests).toEqual([]);
    expect(requests).toEqual([]);
  });
});

describe("the end", () => {
  test("awaits the renewal on its way, leaves no timer and no lease", async () => {
    const { clock, keeper, lost, track, answerWith } = leaseBench();
    track("a");
    const { promise, resolve } = Promise.withResolvers<readonly Extended[]>();
    answerWith(async () => await promise);
    await clock.advance(30_000);
    let isStopped = false;
    const stopping = keeper.stop().then(() => {
      isStopped = true;
    });
    await clock.settle();
    expect(isStopped).toBe(false);
    resolve([{ ok: true, value: { leaseMs: 60_000 } }]);
    await stopping;
    track("late");
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(120_000);
    expect(lost).toEqual([]);
    keeper.checkSleep();
  });

  test("a machine that slept is noticed by the next look", () => {
    const { clock, keeper, lost, track } = leaseBench();
    track("a");
    keeper.checkSleep();
    expect(lost).toEqual([]);
    clock.suspend(61_000);
    keeper.checkSleep();
    expect(lost).toEqual(["a LEASE_LOST"]);
  });

  test("what the driver reports is lost, the rest is kept", () => {
    const { keeper, lost, track } = leaseBench();
    track("a");
    track("b");
    keeper.lose(({ delivery: { id } }) => id === "a", new QueueError("LEASE_LOST", { what: "detached" }));
    expect(lost).toEqual(["a LEASE_LOST"]);
    expect(keeper.holders()).toHaveLength(1);
  });
});
