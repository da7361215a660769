import { describe, expect, test } from "vitest";
import { EventLog } from "../../test/consumer-bench.ts";
import { FAKE_LIMITS, FakeServiceError } from "../../test/fake-adapter.ts";
import type { Delivery } from "../driver/delivery.ts";
import type { ConsumerDriver, ErrorClass, ReceiveAsk } from "../driver/driver.ts";
import type { Limits } from "../driver/limits.ts";
import { QueueError } from "../errors/queue-error.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { ReceiveLoop } from "./receive-loop.ts";

const UNAVAILABLE: ErrorClass = { code: "UNAVAILABLE", retryable: true };
const UNAUTHENTICATED: ErrorClass = { code: "UNAUTHENTICATED", retryable: false };

const some = (count: number): readonly Delivery<unknown>[] =>
  Array.from({ length: count }, (_, index) => delivery<unknown>(`h${index}`));

/** A loop whose asks stay out until the test answers them. */
function bench({ random = 0.5, ...receive }: Partial<Limits["receive"]> & { readonly random?: number } = {}) {
  const clock = createVirtualClock();
  const events = new EventLog();
  const state = { room: 10, capacity: 10, waiting: 0, ended: 0, looks: 0, stalledMs: 0 };
  const asks: (ReceiveAsk & {
    readonly atMs: number;
    readonly signal: AbortSignal;
    readonly answer: (deliveries: readonly Delivery<unknown>[]) => Promise<void>;
    readonly fail: (errorClass: ErrorClass) => Promise<void>;
  })[] = [];
  const accepted: { readonly count: number; readonly ask: number; readonly stalledMs: number }[] = [];
  const refused: { readonly count: number; readonly ask: number }[] = [];
  const fatal: string[] = [];
  const driver = {
    async receiveBatch(ask: ReceiveAsk, signal: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery<unknown>[]>();
      asks.push({
        ...ask,
        signal,
        atMs: clock.now(),
        async answer(deliveries) {
          resolve(deliveries);
          await clock.settle();
        },
        async fail(errorClass) {
          reject(new FakeServiceError(errorClass));
          await clock.settle();
        },
      });
      return await promise;
    },
  } as unknown as ConsumerDriver<unknown>;
  const loop = new ReceiveLoop({
    target: "fake://here/orders",
    driver,
    limits: { ...FAKE_LIMITS, receive: { ...FAKE_LIMITS.receive, ...receive } },
    clock,
    events,
    random: () => random,
    toError: (operation, thrown) => {
      const { errorClass } = thrown as FakeServiceError;
      return new QueueError(errorClass.code, { what: `${operation} failed`, ...errorClass });
    },
    demand: {
      room: () => {
        state.looks += 1;
        return state.room;
      },
      capacity: () => state.capacity,
      waiting: () => state.waiting,
      ended: () => state.ended,
    },
    accept: ({ length }, ask, stalledMs) => accepted.push({ count: length, ask, stalledMs }),
    refuse: ({ length }, ask) => refused.push({ count: length, ask }),
    onFatal: (error) => fatal.push(error.code),
    stalledMs: () => state.stalledMs,
  });
  const latest = () => {
    const ask = asks.at(-1);
    if (ask === undefined) throw new Error("nothing was asked for");
    return ask;
  };
  const start = async (): Promise<void> => {
    loop.start();
    await clock.settle();
  };
  return { clock, events, state, asks, accepted, refused, fatal, loop, latest, start };
}

describe("an ask", () => {
  test.each([
    ["all the room there is", 7, 7],
    ["a full reply at most", 25, 10],
    ["one, where there is room for one", 1, 1],
  ])("is for %s", async (_claim, room, maxItems) => {
    const { state, asks, loop, start } = bench();
    state.room = room;
    await start();
    expect(asks).toMatchObject([{ maxItems, waitMs: 20_000, atMs: 0 }]);
    expect(loop.lastAsk).toBe(1);
  });

  test.each([0, -1])("is not made with room for %i", async (room) => {
    const { clock, state, asks, loop, start } = bench();
    state.room = room;
    await start();
    expect(asks).toHaveLength(0);
    state.room = 3;
    loop.wake();
    await clock.settle();
    expect(asks).toMatchObject([{ maxItems: 3 }]);
  });

  test("comes of a start, once, and of one look however often the loop is woken", async () => {
    const { clock, state, asks, loop, start } = bench();
    loop.wake();
    await clock.settle();
    expect(asks).toHaveLength(0);
    await start();
    await start();
    expect([asks.length, state.looks]).toEqual([1, 1]);
    state.room = 0;
    await asks[0]?.answer([]);
    state.looks = 0;
    for (let runs = 0; runs < 5; runs += 1) loop.wake();
    await clock.settle();
    expect(state.looks).toBe(1);
  });

  test("leaves out what is asked for already, and goes beside others only while replies are full", async () => {
    const { state, asks, loop, latest, start } = bench({ parallel: 3 });
    state.room = 15;
    await start();
    expect(asks.map(({ maxItems }) => maxItems)).toEqual([10]);
    await latest().answer(some(10));
    expect(asks.map(({ maxItems }) => maxItems)).toEqual([10, 10, 5]);
    state.room = 100;
    await latest().answer(some(5)); // all that it asked for: a full reply
    expect(asks.slice(3).map(({ maxItems }) => maxItems)).toEqual([10, 10]);
    await asks[1]?.answer(some(9));
    expect(asks).toHaveLength(5); // one at once again, and two are out
    await asks[3]?.answer([]);
    await asks[4]?.answer([]);
    expect(asks).toHaveLength(6);
    expect(loop.lastAsk).toBe(6);
  });

  test("never goes beside more than the service takes", async () => {
    const { state, asks, latest, start } = bench({ parallel: 2 });
    state.room = 1_000;
    await start();
    for (let replies = 0; replies < 4; replies += 1) await latest().answer(some(10));
    const out = asks.length - 4;
    expect(out).toBe(2);
  });

  test("brings what it brought, with its number and how long the event loop was blocked since", async () => {
    const { clock, events, state, accepted, refused, asks, latest, start } = bench();
    state.stalledMs = 5;
    await start();
    state.room = 0;
    state.stalledMs = 12;
    await clock.advance(40);
    await latest().answer(some(3));
    expect(accepted).toEqual([{ count: 3, ask: 1, stalledMs: 7 }]);
    expect(refused).toEqual([]);
    expect(events.seen).toEqual([
      { name: "receive", event: { target: "fake://here/orders", count: 3, durationMs: 40 } },
    ]);
    expect(asks).toHaveLength(1);
  });

  test("makes no event where nobody listens", async () => {
    const { events, latest, start } = bench();
    events.isActive = () => false;
    await start();
    await latest().answer(some(1));
    expect(events.seen).toEqual([]);
  });

  test("measures the rate, and the round trip where its reply was full", async () => {
    const { clock, state, loop, latest, start } = bench();
    await start();
    state.ended = 30;
    await clock.advance(100);
    await latest().answer(some(9));
    expect([loop.pace.ratePerMs, loop.pace.roundTripMs]).toEqual([0.3, 0]);
    await clock.advance(25);
    await latest().answer(some(10));
    expect([loop.pace.ratePerMs, loop.pace.roundTripMs]).toEqual([0.3, 25]);
  });
});

describe("an ask that costs money", () => {
  test.each([
    ["is made for half a full reply", 5, 20, 1],
    ["is not made for less", 4, 20, 0],
    ["is made for half of what there can ever be", 2, 4, 1],
    ["is not made for less than that", 1, 4, 0],
  ])("%s", async (_claim, room, capacity, asked) => {
    const { state, asks, start } = bench({ billed: true });
    Object.assign(state, { room, capacity, waiting: 1 });
    await start();
    expect(asks).toHaveLength(asked);
  });

  test.each([
    ["is made for any room where what is ready lasts no longer than a reply takes", 2, 1],
    ["waits where it lasts longer", 3, 0],
  ])("%s", async (_claim, waiting, asked) => {
    const { state, asks, loop, start } = bench({ billed: true });
    Object.assign(state, { room: 1, waiting });
    Object.assign(loop.pace, { ratePerMs: 0.1, roundTripMs: 20 });
    await start();
    expect(asks).toHaveLength(asked);
  });

  test("is the only kind that waits for more room", async () => {
    const { state, asks, start } = bench({ billed: false });
    Object.assign(state, { room: 1, waiting: 9 });
    await start();
    expect(asks).toHaveLength(1);
  });
});

describe("an ask that fails", () => {
  test("is made again after a pause that grows with each failure, and shrinks again with a reply", async () => {
    const { clock, events, asks, loop, latest, start } = bench({ random: 0.999 });
    await start();
    for (const pauseMs of [100, 200, 400]) {
      await latest().fail(UNAVAILABLE);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(pauseMs - 1);
      expect(latest().signal.aborted).toBe(false);
      const before = asks.length;
      await clock.advance(1);
      expect(asks.length).toBe(before + 1);
    }
    expect(loop.trouble).toMatch(/^receive fails \(3\): .*UNAVAILABLE/u);
    await latest().answer([]);
    expect(loop.trouble).toBeUndefined();
    await latest().fail(UNAVAILABLE);
    expect(loop.trouble).toMatch(/^receive fails \(1\)/u);
    expect(events.of("receive-error").map(({ failures, delayMs }) => [failures, delayMs])).toEqual([
      [1, 100],
      [2, 200],
      [3, 400],
      [1, 100],
    ]);
    expect(events.of("receive-error")[0]).toMatchObject({
      target: "fake://here/orders",
      error: { code: "UNAVAILABLE" },
    });
  });

  test("waits the least pause where chance would have none, and 30 s at most", async () => {
    const lucky = bench({ random: 0 });
    await lucky.start();
    await lucky.latest().fail(UNAVAILABLE);
    await lucky.clock.advance(99);
    expect(lucky.asks).toHaveLength(1);
    await lucky.clock.advance(1);
    expect(lucky.asks).toHaveLength(2);

    const unlucky = bench({ random: 0.999_999 });
    await unlucky.start();
    for (let failures = 0; failures < 12; failures += 1) {
      await unlucky.latest().fail(UNAVAILABLE);
      await unlucky.clock.advance(30_000);
    }
    expect(Math.max(...unlucky.events.of("receive-error").map(({ delayMs }) => delayMs))).toBe(30_000);
  });

  test("waits as long as the service says, and not less than the pause", async () => {
    const { clock, asks, latest, start } = bench();
    await start();
    await latest().fail({ ...UNAVAILABLE, retryAfterMs: 7_000 });
    await clock.advance(6_999);
    expect(asks).toHaveLength(1);
    await clock.advance(1);
    expect(asks).toHaveLength(2);
    await latest().fail({ ...UNAVAILABLE, retryAfterMs: 1 });
    await clock.advance(99);
    expect(asks).toHaveLength(2);
  });

  test("beside another makes no second pause, and one ask at once follows", async () => {
    const { clock, state, asks, latest, start } = bench({ random: 0 });
    state.room = 100;
    await start();
    await latest().answer(some(10));
    expect(asks).toHaveLength(3);
    await asks[1]?.fail(UNAVAILABLE);
    await asks[2]?.fail({ ...UNAVAILABLE, retryAfterMs: 50_000 });
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(100);
    expect(asks).toHaveLength(4);
  });

  test.each(["NOT_FOUND", "ACCESS_DENIED", "INVALID_ARGUMENT", "UNSUPPORTED", "CLOSED"] as const)(
    "for good (%s) ends the loop and says so once",
    async (code) => {
      const { clock, state, asks, fatal, loop, latest, start } = bench();
      state.room = 100;
      await start();
      await latest().answer(some(10));
      await asks[1]?.fail({ code, retryable: false });
      await asks[2]?.fail({ code, retryable: false });
      expect(fatal).toEqual([code]);
      loop.wake();
      loop.start();
      await clock.advance("10m");
      expect([asks.length, clock.pendingTimers]).toEqual([3, 0]);
    },
  );

  test("with such a code, but in passing, ends nothing", async () => {
    const { clock, asks, fatal, latest, start } = bench();
    await start();
    await latest().fail({ code: "NOT_FOUND", retryable: true });
    await clock.advance(100);
    expect([asks.length, fatal]).toEqual([2, []]);
  });

  test("for its credentials ends the loop at once if it never worked", async () => {
    const { fatal, latest, start } = bench();
    await start();
    await latest().fail(UNAUTHENTICATED);
    expect(fatal).toEqual(["UNAUTHENTICATED"]);
  });

  test.each([
    [299_999, []],
    [300_000, ["UNAUTHENTICATED"]],
  ])("for its credentials, and worked before, after %i ms: %j", async (failingMs, expected) => {
    const { clock, fatal, latest, start } = bench();
    await start();
    await latest().answer([]);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: 200_000 });
    await clock.advance(200_000);
    await latest().answer([]); // what failed before this does not count
    await clock.advance(200_000);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: failingMs });
    await clock.advance(failingMs);
    await latest().fail(UNAUTHENTICATED);
    expect(fatal).toEqual(expected);
  });
});

describe("a pause", () => {
  test("takes back what was asked for and waits for it; what still comes is refused", async () => {
    const { clock, accepted, refused, asks, loop, latest, start } = bench();
    await start();
    let isPaused = false;
    const paused = loop.pause().then(() => {
      isPaused = true;
    });
    await clock.settle();
    expect([latest().signal.aborted, isPaused]).toEqual([true, false]);
    await latest().answer(some(2));
    await paused;
    expect([accepted, refused]).toEqual([[], [{ count: 2, ask: 1 }]]);
    expect(asks).toHaveLength(1);
    await start();
    expect(asks).toHaveLength(2);
    expect(latest().signal.aborted).toBe(false);
  });

  test("makes a failure of what was taken back no failure", async () => {
    const { clock, events, fatal, loop, latest, start } = bench();
    await start();
    const paused = loop.pause();
    await latest().fail({ code: "ACCESS_DENIED", retryable: false });
    await paused;
    expect([events.seen, fatal, loop.trouble, clock.pendingTimers]).toEqual([[], [], undefined, 0]);
  });

  test("ends the wait after a failure: the next start asks at once", async () => {
    const { clock, asks, loop, latest, start } = bench();
    await start();
    await latest().fail({ ...UNAVAILABLE, retryAfterMs: 60_000 });
    await loop.pause();
    expect(clock.pendingTimers).toBe(0);
    await start();
    expect(asks).toHaveLength(2);
  });

  test("after a stop does not make the loop start again; a stop takes back what is out too", async () => {
    const { asks, refused, loop, latest, start } = bench();
    await start();
    const stopped = loop.stop();
    expect(latest().signal.aborted).toBe(true);
    await latest().answer(some(1));
    await stopped;
    await loop.pause();
    await start();
    expect(asks).toHaveLength(1);
    expect(refused).toEqual([{ count: 1, ask: 1 }]);
  });
});

describe("an ask that does not come back", () => {
  test("is given up half a minute after its wait, and another takes its room", async () => {
    const { clock, events, asks, loop, latest, start } = bench();
    await start();
    await clock.advance(49_999);
    loop.check(clock.now());
    await clock.settle();
    expect([asks.length, loop.trouble, latest().signal.aborted]).toEqual([1, undefined, false]);
    await clock.advance(1);
    loop.check(clock.now());
    await clock.settle();
    expect(asks.map(({ maxItems, signal }) => [maxItems, signal.aborted])).toEqual([
      [10, true],
      [10, false],
    ]);
    expect(loop.trouble).toBe("stalled: no answer for 50 s");
    expect(events.of("notice")).toMatchObject([{ target: "fake://here/orders" }]);
    loop.check(clock.now());
    expect(events.of("notice")).toHaveLength(1);
  });

  test("is refused if it comes back after all, and its failure is nobody's", async () => {
    const { clock, events, state, asks, accepted, refused, loop, start } = bench();
    state.room = 100;
    await start();
    await asks[0]?.answer(some(10)); // two are out
    await clock.advance(50_000);
    loop.check(clock.now());
    await asks[1]?.answer(some(2));
    await asks[2]?.fail({ code: "ACCESS_DENIED", retryable: false });
    expect([accepted.length, refused]).toEqual([1, [{ count: 2, ask: 2 }]]);
    expect(events.of("receive-error")).toEqual([]);
    expect(loop.trouble).toContain("stalled");
    await asks.at(-1)?.answer([]);
    expect(loop.trouble).toBeUndefined();
  });

  test("is looked for also where nothing woke the loop: the look wakes it", async () => {
    const { clock, state, asks, loop, start } = bench();
    state.room = 0;
    await start();
    state.room = 4;
    loop.check(clock.now());
    await clock.settle();
    expect(asks).toMatchObject([{ maxItems: 4 }]);
  });
});
