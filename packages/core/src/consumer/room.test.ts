import { describe, expect, test } from "vitest";
import { FAKE_LIMITS } from "../../test/fake-adapter.ts";
import type { Limits } from "../driver/limits.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { Dispatcher } from "./dispatcher.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { KeyLanes } from "./key-lanes.ts";
import { PaceMeter } from "./prefetch-size.ts";
import { RateLimit } from "./rate-limit.ts";
import { Room } from "./room.ts";

interface Options {
  readonly limit?: number;
  readonly prefetch?: number | "auto";
  readonly rate?: RateLimit;
  readonly leaseMs?: number;
  /** Undefined: no lanes. */
  readonly waiting?: number;
  readonly receive?: Partial<Limits["receive"]>;
  readonly ack?: Limits["ack"];
}

function bench({
  limit = 10,
  prefetch = 0,
  rate,
  leaseMs = 60_000,
  waiting,
  receive,
  ack = { maxItems: 100, maxInFlight: 10 },
}: Options = {}) {
  const clock = createVirtualClock();
  const lanes = waiting === undefined ? undefined : new KeyLanes();
  if (lanes !== undefined && waiting !== undefined) lanes.waiting = waiting;
  const dispatcher = new Dispatcher({
    limit,
    clock,
    rateLimit: rate,
    lanes,
    start: () => {},
    onTokens: () => {},
  });
  const pace = new PaceMeter(0);
  const held = { outstanding: 0, parked: 0, pending: 0 };
  const room = new Room({
    prefetch,
    limits: { ...FAKE_LIMITS, ack, receive: { ...FAKE_LIMITS.receive, ...receive } },
    leaseMs,
    dispatcher,
    lanes,
    pace,
    worker: held,
    tally: held,
    settler: held,
  });
  return { room, held, pace, lanes, dispatcher };
}

describe("the capacity", () => {
  test("is what runs at once and the prefetch that was asked for", () => {
    expect(bench({ limit: 4, prefetch: 3 }).room.capacity()).toBe(7);
    expect(bench({ limit: 4, prefetch: 0 }).room.capacity()).toBe(4);
  });

  test("with a prefetch of its own follows the pace, the lease and the price of an ask", () => {
    const auto = bench({ limit: 4, prefetch: "auto" });
    expect(auto.room.capacity()).toBe(4);
    Object.assign(auto.pace, { ratePerMs: 1, roundTripMs: 10 });
    expect(auto.room.capacity()).toBe(24);
    const short = bench({ limit: 4, prefetch: "auto", leaseMs: 20 });
    Object.assign(short.pace, { ratePerMs: 1, roundTripMs: 10 });
    expect(short.room.capacity()).toBe(9);
    const billed = bench({ limit: 4, prefetch: "auto", receive: { billed: true, maxItems: 50 } });
    Object.assign(billed.pace, { ratePerMs: 1, roundTripMs: 1 });
    expect(billed.room.capacity()).toBe(54);
  });

  test("follows the limit", () => {
    const { room, dispatcher } = bench({ limit: 4 });
    dispatcher.limit = 9;
    expect(room.capacity()).toBe(9);
  });
});

describe("the room that is left", () => {
  test("is the capacity without what is outstanding", () => {
    const { room, held } = bench({ limit: 10, prefetch: 5 });
    expect(room.left()).toBe(15);
    held.outstanding = 6;
    expect(room.left()).toBe(9);
    held.outstanding = 17;
    expect(room.left()).toBe(-2);
    expect(room.isSettlingLate).toBe(false);
  });

  test("is no more than the rate allows", () => {
    const { room } = bench({ limit: 10, rate: new RateLimit(3, 1_000) });
    expect(room.left()).toBe(3);
  });

  test.each([
    ["is not taken by what waits behind its key", 4, 10],
    ["is taken by what waits beyond the limit, or two full replies", 25, 5],
  ])("%s", (_claim, waiting, left) => {
    const { room, held } = bench({ limit: 10, waiting });
    held.outstanding = waiting;
    expect(room.left()).toBe(left);
  });

  test.each([
    [40, 10, 40],
    [1, 10, 20],
    [5_000, 10, 1_000],
    [30, 20, 40],
  ])("behind keys, with %i at once and %i in a reply, is %i at most", (limit, maxItems, mostBehind) => {
    const { room, held } = bench({ limit, waiting: 9_000, receive: { maxItems } });
    held.outstanding = 9_000;
    expect(room.left()).toBe(limit - 9_000 + mostBehind);
  });

  test("is held back by settlements without an answer: two rounds of full requests", () => {
    const { room, held } = bench({ limit: 10, ack: { maxItems: 10, maxInFlight: 3 } });
    held.pending = 50;
    expect([room.left(), room.isSettlingLate]).toEqual([10, false]);
    held.pending = 51;
    expect([room.left(), room.isSettlingLate]).toEqual([9, true]);
    held.pending = 60;
    expect([room.left(), room.isSettlingLate]).toEqual([0, true]);
    held.pending = 20;
    expect([room.left(), room.isSettlingLate]).toEqual([10, false]);
  });

  test("is held back by twice the capacity where requests are small, and by ten thousand in any case", () => {
    const small = bench({ limit: 10, ack: { maxItems: 1, maxInFlight: 1 } });
    small.held.pending = 12;
    expect(small.room.left()).toBe(8);
    const large = bench({ limit: 10, ack: { maxItems: 10_000, maxInFlight: 10 } });
    large.held.pending = 9_998;
    expect(large.room.left()).toBe(2);
  });
});

describe("the flow", () => {
  test("is the capacity, and as many lanes as run at once", () => {
    expect(bench({ limit: 4, prefetch: 3 }).room.flow()).toEqual({ maxOutstanding: 7, lanes: 4 });
  });

  test.each([
    ["has room behind busy keys for twice what waits there", 4, 18],
    ["but not for more than two full replies", 14, 30],
    ["and for nothing where nothing waits", 0, 10],
  ])("%s", (_claim, waiting, maxOutstanding) => {
    expect(bench({ limit: 10, waiting }).room.flow()).toEqual({ maxOutstanding, lanes: 10 });
  });

  test("follows what really waits", () => {
    const { room, lanes } = bench({ limit: 10, waiting: 0 });
    for (const id of ["a", "b", "c"]) {
      lanes?.place(new HeldDelivery(delivery(id, { orderingKey: "k" }), "k", 1), "k", 0);
    }
    expect(room.flow().maxOutstanding).toBe(14);
  });
});
