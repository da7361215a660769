import { describe, expect, test } from "vitest";
import { consumerBench, errorOf } from "../../test/consumer-bench.ts";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { receiveBench, some, UNAVAILABLE } from "../../test/receive-bench.ts";
import type { ErrorClass } from "../driver/driver.ts";

const UNAUTHENTICATED: ErrorClass = { code: "UNAUTHENTICATED", retryable: false };

describe("an ask that fails", () => {
  test("is made again after a pause that grows with each failure, and shrinks again with a reply", async () => {
    const { clock, events, asks, loop, latest, start } = receiveBench({ random: 0.999 });
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
      error: { code: "UNAVAILABLE", message: expect.stringContaining("receive failed") },
    });
  });

  test("waits the least pause where chance would have none, and 30 s at most", async () => {
    const lucky = receiveBench({ random: 0 });
    await lucky.start();
    await lucky.latest().fail(UNAVAILABLE);
    await lucky.clock.advance(99);
    expect(lucky.asks).toHaveLength(1);
    await lucky.clock.advance(1);
    expect(lucky.asks).toHaveLength(2);

    const unlucky = receiveBench({ random: 0.999_999 });
    await unlucky.start();
    for (let failures = 0; failures < 12; failures += 1) {
      await unlucky.latest().fail(UNAVAILABLE);
      await unlucky.clock.advance(30_000);
    }
    expect(Math.max(...unlucky.events.of("receive-error").map(({ delayMs }) => delayMs))).toBe(30_000);
  });

  test("waits no more than twice as long as it has been failing: a short outage is followed by no long pause", async () => {
    let chance = 0;
    const { clock, asks, latest, start } = receiveBench({ random: () => chance });
    await start();
    for (let failures = 0; failures < 8; failures += 1) {
      await latest().fail(UNAVAILABLE);
      await clock.advance(100);
    }
    // The ninth failure's pause would be 25.6 s.
    chance = 0.999;
    await latest().fail(UNAVAILABLE);
    const before = asks.length;
    await clock.advance(1_599);
    expect(asks).toHaveLength(before);
    await clock.advance(1);
    expect(asks).toHaveLength(before + 1);
  });

  test("waits as long as the service says, and not less than the pause", async () => {
    const { clock, asks, latest, start } = receiveBench();
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
    const { clock, state, asks, latest, start } = receiveBench({ random: 0 });
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
      const { clock, state, asks, fatal, loop, latest, start } = receiveBench();
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
    const { clock, asks, fatal, latest, start } = receiveBench();
    await start();
    await latest().fail({ code: "NOT_FOUND", retryable: true });
    await clock.advance(100);
    expect([asks.length, fatal]).toEqual([2, []]);
  });

  test("for its credentials ends the loop at once if it never worked", async () => {
    const { fatal, latest, start } = receiveBench();
    await start();
    await latest().fail(UNAUTHENTICATED);
    expect(fatal).toEqual(["UNAUTHENTICATED"]);
  });

  test.each([
    [299_999, []],
    [300_000, ["UNAUTHENTICATED"]],
  ])("for its credentials, and worked before, after %i ms: %j", async (failingMs, expected) => {
    const { clock, fatal, latest, start } = receiveBench();
    await start();
    await latest().answer([]);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: 200_000 });
    await clock.advance(200_000);
    await latest().answer([]); // earlier failures do not count any more
    await clock.advance(200_000);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: failingMs });
    await clock.advance(failingMs);
    await latest().fail(UNAUTHENTICATED);
    expect(fatal).toEqual(expected);
  });

  // Credentials expire during an outage that also hides where new ones come from. They have their time after it.
  test("for its credentials, after an outage, ends nothing for another five minutes", async () => {
    const { clock, fatal, latest, start } = receiveBench();
    await start();
    await latest().answer([]);
    await latest().fail({ ...UNAVAILABLE, retryAfterMs: 600_000 });
    await clock.advance(600_000);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: 299_999 });
    await clock.advance(299_999);
    await latest().fail({ ...UNAUTHENTICATED, retryAfterMs: 1_000 });
    expect(fatal).toEqual([]);
    await clock.advance(1_000);
    await latest().fail(UNAUTHENTICATED);
    expect(fatal).toEqual(["UNAUTHENTICATED"]);
  });
});

describe("an iteration", () => {
  const fails =
    (over: Partial<ErrorClass> = {}) =>
    () => {
      throw new FakeServiceError({ ...UNAVAILABLE, ...over });
    };

  test("goes on after failures that pass, with growing pauses, as a run does", async () => {
    const { clock, queue, consumer, events } = consumerBench({ setup: { random: () => 0.999 } });
    queue.openFailures = [new FakeServiceError(UNAVAILABLE)];
    queue.failNext("receive", fails(), fails({ retryAfterMs: 7_000 }), fails({ code: "INTERNAL" }));
    queue.put("a");
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    await clock.advance(100 + 200 + 7_000 + 798);
    expect(queue.count("receive")).toBe(3);
    await clock.advance(1);
    expect(await first).toMatchObject({ value: { id: "a" } });
    queue.failNext("receive", fails());
    queue.put("b");
    const second = messages.next();
    await clock.advance(100);
    expect(await second).toMatchObject({ value: { id: "b" } });
    expect(events.of("receive-error").map(({ failures, delayMs }) => [failures, delayMs])).toEqual([
      [1, 100],
      [2, 200],
      [3, 7_000],
      [4, 799],
      [1, 100],
    ]);
    await consumer.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test.each(["NOT_FOUND", "ACCESS_DENIED", "UNAUTHENTICATED"] as const)(
    "ends with what waiting cannot cure (%s)",
    async (code) => {
      const { clock, queue, consumer, events } = consumerBench();
      queue.failNext("receive", fails({ code, retryable: false }));
      expect(await errorOf(consumer[Symbol.asyncIterator]().next())).toMatchObject({ code });
      expect(events.of("receive-error")).toEqual([]);
      queue.openFailures = [new FakeServiceError({ code, retryable: false })];
      await consumer.close();
      expect(await errorOf(consumer[Symbol.asyncIterator]().next())).toMatchObject({ code });
      await consumer.close();
      expect(clock.pendingTimers).toBe(0);
    },
  );

  test("that waits for its next try ends at a close", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.failNext("receive", fails({ retryAfterMs: 60_000 }));
    const next = consumer[Symbol.asyncIterator]().next();
    await clock.advance(1_000);
    await consumer.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(clock.pendingTimers).toBe(0);
  });
});
