import { describe, expect, test } from "vitest";
import { FAKE_CAPABILITIES, FAKE_LIMITS, FakeServiceError } from "../../test/fake-adapter.ts";
import type { ConsumerDriver, ErrorClass, ItemResult } from "../driver/driver.ts";
import type { Outcome } from "../driver/event-source.ts";
import { QueueError } from "../errors/queue-error.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LeaseTime } from "./lease-time.ts";
import { Settler } from "./settler.ts";

const ACK: Outcome = { kind: "ack" };
const RELEASE: Outcome = { kind: "release", delayMs: 5_000, cause: "retry" };
const OK: ItemResult = { ok: true, value: undefined };
const BUSY: ErrorClass = { code: "THROTTLED", retryable: true };

const failure = (errorClass: ErrorClass): ItemResult => ({
  ok: false,
  error: new FakeServiceError(errorClass),
});

function bench({ lingerMs = 0, leaseMs = 60_000, totalMs = 3_600_000 } = {}) {
  const clock = createVirtualClock();
  const time = new LeaseTime(clock);
  const requests: {
    readonly atMs: number;
    readonly operation: string;
    readonly items: readonly unknown[];
  }[] = [];
  const results: string[] = [];
  let answer = async (items: readonly unknown[]): Promise<readonly ItemResult[]> => items.map(() => OK);
  const call =
    (operation: string) =>
    async (items: readonly unknown[]): Promise<readonly ItemResult[]> => {
      requests.push({ atMs: clock.now(), operation, items });
      return await answer(items);
    };
  const driver = {
    ackBatch: call("ack"),
    releaseBatch: call("release"),
    deadLetterBatch: call("dead-letter"),
  } as unknown as ConsumerDriver<unknown>;
  const toError = (operation: string, error: unknown): QueueError => {
    if (error instanceof QueueError) return error;
    const found: ErrorClass =
      error instanceof FakeServiceError ? error.errorClass : { code: "INTERNAL", retryable: false };
    return new QueueError(found.code, { what: `${operation} failed`, ...found });
  };
  const keeper: LeaseKeeper = new LeaseKeeper({
    driver,
    capabilities: FAKE_CAPABILITIES,
    limits: FAKE_LIMITS,
    clock,
    time,
    leaseMs,
    totalMs,
    random: () => 0.5,
    toError,
    onLost: (held, error) => settler.lose(held, error),
    onWake: (held) => settler.retry(held),
  });
  const settler = new Settler({
    driver,
    limits: FAKE_LIMITS,
    clock,
    time,
    keeper,
    lingerMs,
    random: () => 0.5,
    toError,
    onResult: ({ delivery: { id } }, result) => {
      const error = "error" in result ? ` ${result.error.code}${result.error.ambiguous ? "?" : ""}` : "";
      results.push(`${id} ${result.kind}${error}`);
    },
  });
  const submit = (id: string, settlement: Outcome = ACK, leftMs = leaseMs): HeldDelivery => {
    const held = new HeldDelivery(delivery<unknown>(id, { id }), undefined, 1);
    keeper.track(held, leftMs);
    held.settlement = settlement;
    settler.submit(held);
    return held;
  };
  return {
    clock,
    settler,
    requests,
    results,
    submit,
    answerWith(next: typeof answer) {
      answer = next;
    },
  };
}

describe("settlements", () => {
  test("go out by their kind, with what belongs to each", async () => {
    const { clock, settler, requests, results, submit } = bench();
    submit("a");
    submit("b", RELEASE);
    submit("c", { kind: "dead-letter", reason: "R", attributes: { x: "1" } });
    submit("d", { kind: "dead-letter", reason: "R", description: "D", attributes: {} });
    expect(settler.pending).toBe(4);
    await clock.settle();
    expect(requests).toEqual([
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
    expect([settler.pending, clock.pendingTimers]).toEqual([0, 1]);
  });

  test("of leases that ran out are not sent; those beside them are, and get their own results", async () => {
    const { clock, requests, results, submit, answerWith } = bench({ lingerMs: 1_000 });
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
    const { clock, requests, submit } = bench({ lingerMs: 5_000 });
    submit("a", ACK, 20_000);
    await clock.advance(4_000);
    expect(requests).toEqual([]);
    submit("b", ACK, 1_000);
    await clock.settle();
    expect(requests).toEqual([]); // a second is enough to wait
    submit("c", ACK, 999);
    await clock.settle();
    expect(requests).toEqual([{ atMs: 4_000, operation: "ack", items: ["a", "b", "c"] }]);
  });

  test("that the service loses while they wait end as lost, once", async () => {
    const { clock, settler, results, submit, answerWith } = bench();
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

describe("a settlement that fails", () => {
  test("is tried again after growing pauses, as long as the lease lasts", async () => {
    const { clock, requests, results, submit, answerWith } = bench();
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
    const { clock, requests, submit, answerWith } = bench();
    answerWith(async () => [requests.length === 1 ? failure({ ...BUSY, retryAfterMs: 30_000 }) : OK]);
    submit("a");
    await clock.advance(30_000);
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 30_000]);
  });

  test.each([
    ["the lease", {}],
    ["the longest hold", { leaseMs: 600_000, totalMs: 60_000 }],
  ])("is given up at once where the service wants more patience than %s has", async (_, options) => {
    const { clock, results, submit, answerWith } = bench(options);
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 60_000 })]);
    submit("a");
    await clock.settle();
    expect(results).toEqual(["a failed THROTTLED"]);
  });

  test("for good is not tried again, but credentials are waited for", async () => {
    const { clock, requests, results, submit, answerWith } = bench();
    answerWith(async () => [failure({ code: "ACCESS_DENIED", retryable: false })]);
    submit("a");
    await clock.settle();
    expect(results).toEqual(["a failed ACCESS_DENIED"]);
    answerWith(async () => [
      requests.length === 2 ? failure({ code: "UNAUTHENTICATED", retryable: false }) : OK,
    ]);
    submit("b");
    await clock.advance(10_000);
    expect(results).toEqual(["a failed ACCESS_DENIED", "b settled"]);
  });

  test.each([
    ["an ack", ACK, true, "a unknown"],
    ["an ack that was refused for certain", ACK, false, "a lost LEASE_LOST"],
    ["a release", RELEASE, true, "a lost LEASE_LOST"],
  ])("and may have worked, and then finds its lease gone: %s", async (_, settlement, ambiguous, result) => {
    const { clock, requests, results, submit, answerWith } = bench();
    answerWith(async () => [
      requests.length === 1
        ? failure({ code: "TIMEOUT", retryable: true, ambiguous })
        : failure({ code: "LEASE_LOST", retryable: false }),
    ]);
    submit("a", settlement);
    await clock.advance(10_000);
    expect(results).toEqual([result]);
  });

  test("is an ambiguous error of the driver where results are missing", async () => {
    const { clock, results, submit, answerWith } = bench();
    answerWith(async () => []);
    submit("a");
    await clock.settle();
    expect(results).toEqual(["a failed INTERNAL?"]);
  });
});

describe("a flush", () => {
  test("sends what gathers and what waits for its next try, and ends with the last result", async () => {
    const { clock, settler, requests, results, submit, answerWith } = bench({ lingerMs: 5_000 });
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 30_000 })]);
    submit("a");
    await clock.advance(5_000);
    answerWith(async (items) => items.map(() => OK));
    submit("b");
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    await clock.settle();
    expect(requests.slice(1)).toEqual([{ atMs: 5_000, operation: "ack", items: ["b", "a"] }]);
    expect([isFlushed, results]).toEqual([true, ["b settled", "a settled"]]);
    submit("c");
    await clock.settle();
    expect(requests.at(-1)?.items).toEqual(["c"]); // from now on nothing gathers
  });

  test("of nothing is done at once and leaves no timer", async () => {
    const { clock, settler } = bench();
    await settler.flush(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("gives up what is not confirmed in time, and cannot say whether it was done", async () => {
    const { clock, settler, results, submit, answerWith } = bench();
    answerWith(async () => await new Promise(() => {}));
    submit("a");
    await clock.settle();
    const flushed = settler.flush(10_000);
    await clock.advance(9_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    await flushed;
    expect(results).toEqual(["a failed TIMEOUT?"]);
    expect(settler.pending).toBe(0);
  });

  test("tries nothing again that could not be done in time", async () => {
    const { clock, settler, results, submit, answerWith } = bench();
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 3_000 })]);
    submit("a");
    const flushed = settler.flush(2_000);
    await clock.settle();
    await flushed;
    expect(results).toEqual(["a failed THROTTLED"]);
  });
});
