import { describe, expect, test } from "vitest";
import { QueueError } from "../errors/queue-error.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { Dispatcher } from "./dispatcher.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { RateLimit } from "./rate-limit.ts";

function bench({ limit = 10, rate }: { limit?: number; rate?: RateLimit } = {}) {
  const clock = createVirtualClock();
  const started: string[] = [];
  const counts = { tokens: 0 };
  const dispatcher = new Dispatcher({
    limit,
    clock,
    rateLimit: rate,
    lanes: undefined,
    start: ({ delivery: { id } }) => started.push(id),
    onTokens: () => {
      counts.tokens += 1;
    },
  });
  const offer = (...ids: readonly string[]): readonly HeldDelivery[] => {
    const all = ids.map((id) => new HeldDelivery(delivery(id, { id }), undefined, 1));
    for (const held of all) dispatcher.offer(held);
    return all;
  };
  return { clock, dispatcher, started, counts, offer };
}

describe("permits", () => {
  test("go to what came first, as many as the limit allows", () => {
    const { dispatcher, started, offer } = bench({ limit: 2 });
    offer("a", "b", "c");
    dispatcher.startReady();
    expect(started).toEqual(["a", "b"]);
    expect([dispatcher.running, dispatcher.readyCount]).toEqual([2, 1]);
  });

  test("are given back once, and only by who has one", () => {
    const { dispatcher, started, offer } = bench({ limit: 1 });
    const [first, second] = offer("a", "b");
    dispatcher.startReady();
    if (first === undefined || second === undefined) throw new Error("two were offered");
    dispatcher.free(second);
    expect(dispatcher.running).toBe(1);
    dispatcher.free(first);
    dispatcher.free(first);
    expect(dispatcher.running).toBe(0);
    dispatcher.startReady();
    expect(started).toEqual(["a", "b"]);
  });

  test("of runs that end at once go on in one loop, however many there are", () => {
    let depth = 0;
    let deepest = 0;
    let ended = 0;
    const dispatcher: Dispatcher = new Dispatcher({
      limit: 1,
      clock: createVirtualClock(),
      rateLimit: undefined,
      lanes: undefined,
      start: (held) => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        held.become("running");
        dispatcher.free(held);
        ended += 1;
        dispatcher.startReady();
        depth -= 1;
      },
      onTokens: () => {},
    });
    for (let count = 0; count < 20_000; count += 1) {
      dispatcher.offer(new HeldDelivery(delivery("h"), undefined, 1));
    }

    dispatcher.startReady();

    expect([ended, deepest, dispatcher.running]).toEqual([20_000, 1, 0]);
  });

  test("follow a higher limit at once", () => {
    const { dispatcher, started, offer } = bench({ limit: 1 });
    offer("a", "b");
    dispatcher.startReady();
    dispatcher.limit = 2;
    expect(started).toEqual(["a", "b"]);
    expect(dispatcher.limit).toBe(2);
  });

  test("are not spent on what was lost while it waited", () => {
    const rate = new RateLimit(1, 1_000);
    const { dispatcher, started, offer } = bench({ rate });
    const [lost] = offer("lost", "a");
    lost?.finish(new QueueError("LEASE_LOST", { what: "gone" }));
    dispatcher.startReady();
    expect(started).toEqual(["a"]);
    expect(dispatcher.running).toBe(1);
  });

  test("are not granted between stop and resume", () => {
    const { dispatcher, started, offer } = bench();
    dispatcher.stop();
    offer("a");
    dispatcher.startReady();
    expect(started).toEqual([]);
    dispatcher.resume();
    expect(started).toEqual(["a"]);
  });

  test("what has none can be taken back, but not what ended meanwhile", () => {
    const { dispatcher, started, offer } = bench({ limit: 1 });
    const [, , ended] = offer("a", "b", "c", "d");
    dispatcher.startReady();
    ended?.finish(new QueueError("LEASE_LOST", { what: "gone" }));
    expect(dispatcher.takeUnstarted().map((held) => held.delivery.id)).toEqual(["b", "d"]);
    expect(dispatcher.readyCount).toBe(0);
    expect(started).toEqual(["a"]);
  });
});

describe("a rate", () => {
  test("lets the rest start when its time comes, and says that asking is worth it again", async () => {
    const { clock, dispatcher, started, counts, offer } = bench({ rate: new RateLimit(2, 1_000) });
    offer("a", "b", "c");
    dispatcher.startReady();
    expect(started).toEqual(["a", "b"]);
    dispatcher.startReady();
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(999);
    expect([started.length, counts.tokens]).toEqual([2, 0]);
    await clock.advance(1);
    expect(started).toEqual(["a", "b", "c"]);
    expect([counts.tokens, clock.pendingTimers]).toEqual([1, 0]);
  });

  test("leaves room for what may start now, less what is ready", async () => {
    const { clock, dispatcher, offer } = bench({ limit: 1, rate: new RateLimit(3, 1_000) });
    expect(dispatcher.rateRoom(10)).toBe(3);
    expect(dispatcher.rateRoom(2)).toBe(2);
    expect(dispatcher.rateRoom(0)).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    offer("a", "b");
    expect(dispatcher.rateRoom(10)).toBe(1);
    dispatcher.startReady(); // one runs, one is ready, two tokens are left
    expect(dispatcher.rateRoom(10)).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test("that is not what is missing sets no timer: a run that ends makes room", async () => {
    const { clock, dispatcher, counts, offer } = bench({ limit: 1, rate: new RateLimit(4, 1_000) });
    offer("a", "b", "c", "d", "e");
    dispatcher.startReady(); // one runs, four are ready, three tokens are left
    expect(dispatcher.rateRoom(10)).toBe(-1);
    expect(dispatcher.rateRoom(2)).toBe(-1);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(5_000);
    expect(counts.tokens).toBe(0);
    expect(dispatcher.rateRoom(10)).toBe(0);
  });

  test("that allows nothing now is asked again when it does, also where nothing is ready", async () => {
    const { clock, dispatcher, counts, offer } = bench({ rate: new RateLimit(1, 1_000) });
    offer("a");
    dispatcher.startReady();
    expect(clock.pendingTimers).toBe(0);
    expect(dispatcher.rateRoom(0)).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(dispatcher.rateRoom(5)).toBe(0);
    await clock.advance(999);
    expect(counts.tokens).toBe(0);
    await clock.advance(1);
    expect([counts.tokens, dispatcher.rateRoom(5)]).toEqual([1, 1]);
  });

  test("without one there is always room", () => {
    const { clock, dispatcher } = bench();
    expect([dispatcher.rateRoom(5), dispatcher.rateRoom(0), dispatcher.rateRoom(-1)]).toEqual([5, 0, -1]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("wakes nobody after a stop, and counts on after it", async () => {
    const { clock, dispatcher, started, counts, offer } = bench({ rate: new RateLimit(1, 1_000) });
    offer("a", "b");
    dispatcher.startReady();
    dispatcher.stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(2_000);
    expect([started, counts.tokens]).toEqual([["a"], 0]);
    dispatcher.resume();
    expect(started).toEqual(["a", "b"]);
  });
});
