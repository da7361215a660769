import { describe, expect, test } from "vitest";
import { failure, leaseBench, type Extended } from "../../test/lease-bench.ts";
import { QueueError } from "../errors/queue-error.ts";

const detached = new QueueError("LEASE_LOST", { what: "detached" });
const OK: Extended = { ok: true, value: { leaseMs: 60_000 } };

describe("a lease that runs out", () => {
  const denied = failure({ code: "ACCESS_DENIED", retryable: false });
  const lossAfter = async (...answers: readonly Extended[]): Promise<QueueError | undefined> => {
    const { clock, hooks, track, answerWith } = leaseBench();
    const answer = answers.values();
    answerWith(async () => [answer.next().value ?? denied]);
    let loss: QueueError | undefined;
    hooks.onLost = (_, error) => (loss = error);
    track("a");
    await clock.advance("5m");
    return loss;
  };

  // Where only renewals are denied, acks work: nothing else would say why each long handler is cut off.
  test("says why it could not be renewed, and what to do about that", async () => {
    expect(await lossAfter(denied)).toMatchObject({
      code: "LEASE_LOST",
      message: expect.stringMatching(/renewed: ACCESS_DENIED: extend failed.*Grant the missing permission/),
      cause: { code: "ACCESS_DENIED" },
    });
  });

  test("does not blame a failure that a later renewal has mended", async () => {
    const loss = await lossAfter(denied, { ok: true, value: { leaseMs: 0 } });
    expect([loss?.code, loss?.cause]).toEqual(["LEASE_LOST", undefined]);
    expect(loss?.message).not.toContain("ACCESS_DENIED");
  });
});

describe("a lease that is lost while its renewal waits for its turn", () => {
  test("is not asked for, and its extension says that it is lost; the others get theirs", async () => {
    const { clock, keeper, requests, track, answerWith } = leaseBench({
      extend: { maxItems: 10, maxInFlight: 1 },
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    answerWith(async (items) => {
      if (requests.length === 1) await promise;
      return items.map(() => OK);
    });
    const held = ["a", "b", "c"].map((id) => track(id));
    const extended: string[] = [];
    for (const one of held) {
      void keeper.extend(one, 60_000).then(
        () => extended.push(`${one.delivery.id} extended`),
        (error: QueueError) => extended.push(`${one.delivery.id} ${error.code}`),
      );
      await clock.settle();
    }
    keeper.lose(({ delivery: { id } }) => id === "b", detached);
    resolve();
    await clock.settle();
    expect(requests.map(({ items }) => items)).toEqual([["a 60000"], ["c 60000"]]);
    expect(extended.toSorted()).toEqual(["a extended", "b LEASE_LOST", "c extended"]);
  });

  test("makes no request where it was the only one", async () => {
    const { clock, keeper, requests, track, answerWith } = leaseBench({
      extend: { maxItems: 1, maxInFlight: 1 },
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    answerWith(async (items) => {
      await promise;
      return items.map(() => OK);
    });
    track("a");
    track("b");
    await clock.advance(30_000);
    keeper.lose(({ delivery: { id } }) => id === "b", detached);
    resolve();
    await clock.settle();
    expect(requests).toEqual([{ atMs: 30_000, items: ["a 60000"] }]);
  });

  test("is lost to its extension too where it goes while the request is on its way", async () => {
    const { clock, keeper, track, answerWith } = leaseBench({ lease: "shared" });
    const { promise, resolve } = Promise.withResolvers<void>();
    answerWith(async (items) => {
      await promise;
      return items.map(() => OK);
    });
    const held = track("a", { leaseKey: "s" });
    track("b", { leaseKey: "s" });
    let error: unknown;
    void keeper.extend(held, 60_000).catch((thrown: unknown) => {
      error = thrown;
    });
    await clock.settle();
    keeper.lose(({ delivery: { id } }) => id === "a", detached);
    resolve();
    await clock.settle();
    expect(error).toMatchObject({ code: "LEASE_LOST" });
    expect(keeper.holders()).toHaveLength(1);
  });

  test("is lost once, also by a second report and by its own end", async () => {
    const { clock, keeper, lost, track } = leaseBench();
    track("a");
    keeper.lose(() => true, detached);
    keeper.lose(() => true, detached);
    await clock.advance(120_000);
    expect(lost).toEqual(["a LEASE_LOST"]);
  });

  test("is not lost for who let go of it meanwhile", () => {
    const { keeper, lost, track, hooks } = leaseBench({ lease: "shared" });
    track("a", { leaseKey: "s" });
    const follower = track("b", { leaseKey: "s" });
    hooks.onLost = () => {
      keeper.untrack(follower);
    };
    keeper.lose(() => true, detached);
    expect(lost).toEqual(["a LEASE_LOST"]);
  });
});

describe("a renewal", () => {
  test("whose driver gives fewer results than it was asked for has failed", async () => {
    const { clock, keeper, requests, track, answerWith } = leaseBench();
    answerWith(async () => []);
    const held = track("a");
    let error: unknown;
    void keeper.extend(held, 60_000).catch((thrown: unknown) => {
      error = thrown;
    });
    await clock.settle();
    expect(error).toMatchObject({ code: "INTERNAL", ambiguous: true, operation: "extend" });
    expect(keeper.pause(held)).toBeUndefined(); // no renewal is in flight any more
    expect(requests).toHaveLength(1);
  });

  test("without an answer is given up after fifteen seconds", async () => {
    const { clock, keeper, track, answerWith } = leaseBench();
    answerWith(async () => await new Promise(() => {}));
    let error: unknown;
    void keeper.extend(track("a"), 60_000).catch((thrown: unknown) => {
      error = thrown;
    });
    await clock.advance(14_999);
    expect(error).toBeUndefined();
    await clock.advance(1);
    expect(error).toMatchObject({ code: "TIMEOUT", operation: "extend" });
  });

  test("that was refused names its operation", async () => {
    const { keeper, track, answerWith } = leaseBench();
    answerWith(async () => [failure({ code: "THROTTLED", retryable: true })]);
    await expect(keeper.extend(track("a"), 60_000)).rejects.toThrow("extend failed");
  });

  test("after a renewal is due at half of the new lease, not at the end of the old one", async () => {
    const { clock, requests, track } = leaseBench({ random: 0 });
    track("a");
    await clock.advance(81_000);
    expect(requests.map(({ atMs }) => atMs)).toEqual([27_000, 54_000, 81_000]);
  });

  test("is not made early because something else is due", async () => {
    const { clock, keeper, requests, woken, track } = leaseBench();
    keeper.wakeAt(track("a"), 10_000);
    await clock.advance(10_000);
    expect([woken, requests]).toEqual([["a"], []]);
  });

  test("is not made for who let go when it was woken in the same moment", async () => {
    const { clock, keeper, requests, track, hooks } = leaseBench();
    const held = track("a");
    keeper.wakeAt(held, 30_000);
    hooks.onWake = (one) => {
      keeper.untrack(one);
    };
    await clock.advance(60_000);
    expect(requests).toEqual([]);
  });
});

describe("who let go of a lease", () => {
  test("holds it no more, whichever of its holders that was", () => {
    const { keeper, track } = leaseBench({ lease: "shared" });
    const first = track("a", { leaseKey: "s" });
    const second = track("b", { leaseKey: "s" });
    keeper.untrack(second);
    expect(keeper.holders()).toEqual([first]);
    keeper.untrack(first);
    expect(keeper.holders()).toEqual([]);
  });

  test("pauses and resumes nothing", async () => {
    const { clock, keeper, track } = leaseBench();
    const held = track("a");
    keeper.untrack(held);
    expect(keeper.pause(held)).toBeUndefined();
    keeper.resume(held);
    await clock.advance(120_000);
  });

  test("is nobody after the end, and nothing starts again", async () => {
    const { clock, keeper, track } = leaseBench();
    track("a");
    await keeper.stop();
    expect(keeper.holders()).toEqual([]);
    clock.suspend(61_000);
    keeper.checkSleep();
    track("b");
    expect(clock.pendingTimers).toBe(0);
  });
});
