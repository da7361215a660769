import { describe, expect, test } from "vitest";
import { receiveBench, some, UNAVAILABLE } from "../../test/receive-bench.ts";

describe("an ask", () => {
  test.each([
    ["all the room there is", 7, 7],
    ["a full reply at most", 25, 10],
    ["one, where there is room for one", 1, 1],
  ])("is for %s", async (_claim, room, maxItems) => {
    const { state, asks, loop, start } = receiveBench();
    state.room = room;
    await start();
    expect(asks).toMatchObject([{ maxItems, waitMs: 20_000, atMs: 0 }]);
    expect(loop.lastAsk).toBe(1);
  });

  test.each([0, -1])("is not made with room for %i", async (room) => {
    const { clock, state, asks, loop, start } = receiveBench();
    state.room = room;
    await start();
    expect(asks).toHaveLength(0);
    state.room = 3;
    loop.wake();
    await clock.settle();
    expect(asks).toMatchObject([{ maxItems: 3 }]);
  });

  test("comes of a start, once, and of one look however often the loop is woken", async () => {
    const { clock, state, asks, loop, start } = receiveBench();
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
    const { state, asks, loop, latest, start } = receiveBench({ parallel: 3 });
    state.room = 15;
    await start();
    expect(asks.map(({ maxItems }) => maxItems)).toEqual([10]);
    await latest().answer(some(10));
    expect(asks.map(({ maxItems }) => maxItems)).toEqual([10, 10, 5]);
    state.room = 100;
    await latest().answer(some(5)); // as many as were asked for: a full reply
    expect(asks.slice(3).map(({ maxItems }) => maxItems)).toEqual([10, 10]);
    await asks[1]?.answer(some(9));
    expect(asks).toHaveLength(5); // back to one ask at once, while two are still out
    await asks[3]?.answer([]);
    await asks[4]?.answer([]);
    expect(asks).toHaveLength(6);
    expect(loop.lastAsk).toBe(6);
  });

  test("that is answered at once with nothing, again and again, is made once a second", async () => {
    const { clock, asks, latest, events, start } = receiveBench();
    await start();
    for (let answers = 1; answers <= 10; answers += 1) {
      expect(asks).toHaveLength(answers);
      await latest().answer([]);
    }
    expect(asks).toHaveLength(11);
    await latest().answer([]);
    expect(asks).toHaveLength(11);
    await clock.advance(999);
    expect(asks).toHaveLength(11);
    await clock.advance(1);
    expect(asks).toHaveLength(12);
    await latest().answer([]);
    expect(asks).toHaveLength(12);
    expect(events.of("notice")).toMatchObject([{ text: expect.stringContaining("at once with nothing") }]);
    await clock.advance(1_000);
    await latest().answer(some(1));
    await latest().answer([]);
    expect(asks).toHaveLength(15); // the count starts again: no pause
    await clock.advance(1_000);
    await latest().answer([]);
    expect(asks).toHaveLength(16);
  });

  test("goes beside one more for each full reply, not beside as many as there may be", async () => {
    const { state, asks, latest, start } = receiveBench({ parallel: 4 });
    state.room = 1_000;
    await start();
    await latest().answer(some(10));
    expect(asks).toHaveLength(1 + 2);
    await latest().answer(some(10));
    expect(asks).toHaveLength(2 + 3);
  });

  test("never goes beside more than the service takes", async () => {
    const { state, asks, latest, start } = receiveBench({ parallel: 2 });
    state.room = 1_000;
    await start();
    for (let replies = 0; replies < 4; replies += 1) await latest().answer(some(10));
    const out = asks.length - 4;
    expect(out).toBe(2);
  });

  test("brings what it brought, with its number and how long the event loop had been blocked before", async () => {
    const { clock, events, state, accepted, refused, asks, latest, start } = receiveBench();
    state.stalledMs = 5;
    await start();
    state.room = 0;
    state.stalledMs = 12;
    await clock.advance(40);
    await latest().answer(some(3));
    expect(accepted).toEqual([{ count: 3, ask: 1, stalledAtMs: 5 }]);
    expect(refused).toEqual([]);
    expect(events.seen).toEqual([
      { name: "receive", event: { target: "fake://here/orders", count: 3, durationMs: 40 } },
    ]);
    expect(asks).toHaveLength(1);
  });

  test("makes no event where nobody listens", async () => {
    const { events, latest, start } = receiveBench();
    events.isActive = (name) => name !== "receive";
    await start();
    await latest().answer(some(1));
    expect(events.seen).toEqual([]);
  });

  test("measures the rate, and the round trip where its reply was full", async () => {
    const { clock, state, pace, latest, start } = receiveBench();
    await start();
    state.ended = 30;
    await clock.advance(100);
    await latest().answer(some(9));
    expect([pace.ratePerMs, pace.roundTripMs]).toEqual([0.3, 0]);
    await clock.advance(25);
    await latest().answer(some(10));
    expect([pace.ratePerMs, pace.roundTripMs]).toEqual([0.3, 25]);
  });
});

describe("an ask that costs money", () => {
  test.each([
    ["is made for half a full reply", 5, 20, 1],
    ["is not made for less", 4, 20, 0],
    ["is made for half of what there can ever be", 2, 4, 1],
    ["is not made for less than that", 1, 4, 0],
  ])("%s", async (_claim, room, capacity, asked) => {
    const { state, asks, start } = receiveBench({ billed: true });
    Object.assign(state, { room, capacity, readyCount: 1 });
    await start();
    expect(asks).toHaveLength(asked);
  });

  test.each([
    ["is made for any room where what is ready lasts no longer than a reply takes", 2, 1],
    ["waits where it lasts longer", 3, 0],
  ])("%s", async (_claim, waiting, asked) => {
    const { state, asks, pace, start } = receiveBench({ billed: true });
    Object.assign(state, { room: 1, readyCount: waiting });
    Object.assign(pace, { ratePerMs: 0.1, roundTripMs: 20 });
    await start();
    expect(asks).toHaveLength(asked);
  });

  test("is the only kind that waits for more room", async () => {
    const { state, asks, start } = receiveBench({ billed: false });
    Object.assign(state, { room: 1, readyCount: 9 });
    await start();
    expect(asks).toHaveLength(1);
  });
});

describe("a pause", () => {
  test("comes before an ask that was about to go out", async () => {
    const { clock, asks, loop } = receiveBench();
    loop.start();
    await loop.pause();
    await clock.settle();
    expect(asks).toHaveLength(0);
  });

  test("takes back what was asked for and waits for it; what still comes is refused", async () => {
    const { clock, accepted, refused, asks, loop, latest, start } = receiveBench();
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
    const { clock, events, fatal, loop, latest, start } = receiveBench();
    await start();
    const paused = loop.pause();
    await latest().fail({ code: "ACCESS_DENIED", retryable: false });
    await paused;
    expect([events.seen, fatal, loop.trouble, clock.pendingTimers]).toEqual([[], [], undefined, 0]);
  });

  test("ends the wait after a failure: the next start asks at once", async () => {
    const { clock, asks, loop, latest, start } = receiveBench();
    await start();
    await latest().fail({ ...UNAVAILABLE, retryAfterMs: 60_000 });
    await loop.pause();
    expect(clock.pendingTimers).toBe(0);
    await start();
    expect(asks).toHaveLength(2);
  });

  test("after a stop does not make the loop start again; a stop takes back what is out too", async () => {
    const { asks, refused, loop, latest, start } = receiveBench();
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
    const { clock, events, asks, loop, latest, start } = receiveBench();
    await clock.advance(3_000);
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
    const { clock, events, state, asks, accepted, refused, loop, start } = receiveBench();
    state.room = 100;
    await start();
    await asks[0]?.answer(some(10)); // now two asks are out
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
    const { clock, state, asks, loop, start } = receiveBench();
    state.room = 0;
    await start();
    state.room = 4;
    loop.check(clock.now());
    await clock.settle();
    expect(asks).toMatchObject([{ maxItems: 4 }]);
  });
});
