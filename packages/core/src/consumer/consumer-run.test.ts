import { describe, expect, test } from "vitest";
import { consumerBench, errorOf, type BenchOptions } from "../../test/consumer-bench.ts";
import { FakeServiceError } from "../../test/fake-adapter.ts";

const unreachable = (over: { retryAfterMs?: number } = {}): FakeServiceError =>
  new FakeServiceError({ code: "CONNECTION_LOST", retryable: true, ...over });

function starting(failures: readonly Error[], options: BenchOptions = {}) {
  const bench = consumerBench(options);
  bench.queue.openFailures = [...failures];
  const states = (): readonly string[] => bench.events.of("state").map(({ state }) => state);
  return { ...bench, states };
}

describe("a start that fails", () => {
  test("is tried again after growing pauses", async () => {
    const { clock, queue, events, consumer, states } = starting(
      Array.from({ length: 4 }, () => unreachable()),
      { setup: { random: () => 0.999 } },
    );
    const run = consumer.run(() => undefined);
    await clock.advance(99);
    expect(queue.openFailures).toHaveLength(3);
    await clock.advance(1);
    expect(queue.openFailures).toHaveLength(2);
    await clock.advance(10_000);
    expect(events.of("receive-error")).toMatchObject(
      [100, 200, 400, 799].map((delayMs, index) => ({
        target: "fake://here/orders",
        failures: index + 1,
        delayMs,
        error: { code: "CONNECTION_LOST", operation: "open" },
      })),
    );
    expect(states()).toEqual(["started"]);
    await consumer.close();
    await run;
    expect(clock.pendingTimers).toBe(0);
  });

  test("waits the least pause at least, and as long as the service says", async () => {
    const { clock, events, consumer } = starting([unreachable(), unreachable({ retryAfterMs: 5_000 })], {
      setup: { random: () => 0 },
    });
    const run = consumer.run(() => undefined);
    await clock.advance(5_100);
    expect(events.of("receive-error").map(({ delayMs }) => delayMs)).toEqual([100, 5_000]);
    await consumer.close();
    await run;
  });

  test("says so in the health, with the count, until it works", async () => {
    const { clock, consumer } = starting([unreachable(), unreachable()]);
    const run = consumer.run(() => undefined);
    expect(consumer.health()).toEqual({ live: true, ready: false, reasons: ["starting"] });
    await clock.settle();
    expect(consumer.health().reasons).toEqual([
      expect.stringMatching(/^the start fails \(1\): .*CONNECTION_LOST/u),
    ]);
    await clock.advance(100);
    expect(consumer.health().reasons).toEqual([expect.stringMatching(/fails \(2\)/u)]);
    await clock.advance(1_000);
    expect(consumer.health()).toEqual({ live: true, ready: true, reasons: [] });
    await consumer.close();
    await run;
  });

  test("for good rejects, and close still ends", async () => {
    const { clock, consumer, states } = starting([
      new FakeServiceError({ code: "ACCESS_DENIED", retryable: false }),
    ]);
    const failure = errorOf(consumer.run(() => undefined));
    await clock.settle();
    expect(await failure).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await consumer.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(states()).toEqual([]);
  });

  test("is not tried again once the consumer closes, not even after its pause", async () => {
    const { clock, queue, consumer } = starting(Array.from({ length: 9 }, () => unreachable()));
    const run = consumer.run(() => undefined);
    await clock.settle();
    await consumer.close();
    await run;
    expect(clock.pendingTimers).toBe(0);
    await clock.advance("1m");
    expect(queue.openFailures).toHaveLength(8);
  });
});

describe("a second close", () => {
  test.each([
    ["60s", 10_000],
    ["10s", 10_000],
    ["3s", 5_000],
    ["0ms", 2_000],
  ] as const)("with %s, two seconds after one with 10s, aborts handlers after %i ms", async (timeout, ms) => {
    const { clock, queue, consumer } = starting([]);
    queue.put("m");
    const signals: AbortSignal[] = [];
    const run = consumer.run(async (_message, { signal }) => {
      signals.push(signal);
      await new Promise(() => {});
    });
    await clock.settle();
    expect(queue.options?.mode).toBe("stream");
    const first = consumer.close({ timeout: "10s" });
    await clock.advance("2s");
    const second = consumer.close({ timeout });
    await clock.advanceTo(ms - 1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await clock.advance(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await clock.advance("5s");
    expect(await second).toEqual(await first);
    await run;
  });
});

describe("a close while the driver opens", () => {
  test("closes what was opened and starts nothing", async () => {
    const opened = Promise.withResolvers<void>();
    const { clock, queue, consumer, states } = starting([]);
    queue.open = async () => await opened.promise;
    const run = consumer.run(() => undefined);
    await clock.settle();
    const closed = consumer.close();
    opened.resolve();
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    await run;
    expect([queue.isClosed, queue.count("receive"), states()]).toEqual([true, 0, []]);
  });
});

describe("the health of a run", () => {
  test("is not ready while it drains", async () => {
    const { clock, queue, consumer } = starting([]);
    queue.put("m");
    const end = Promise.withResolvers<void>();
    const run = consumer.run(async () => {
      await end.promise;
    });
    await clock.settle();
    const closed = consumer.close();
    await clock.settle();
    expect(consumer.health()).toEqual({ live: true, ready: false, reasons: ["draining"] });
    end.resolve();
    await clock.settle();
    await closed;
    await run;
    expect(consumer.health()).toEqual({ live: true, ready: true, reasons: [] });
  });
});

describe("a pause", () => {
  test("is told once, and so is its end", async () => {
    const { clock, queue, consumer, states } = starting([]);
    const run = consumer.run(() => undefined);
    await clock.settle();
    consumer.resume();
    consumer.pause();
    consumer.pause();
    expect(states()).toEqual(["started", "paused"]);
    queue.put("m");
    await clock.advance("1m");
    expect(queue.acked).toEqual([]);
    consumer.resume();
    consumer.resume();
    await clock.settle();
    expect(states()).toEqual(["started", "paused", "resumed"]);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
    expect(states()).toEqual(["started", "paused", "resumed", "draining", "closed"]);
  });

  test("before the start holds the run back from its first ask, with no flow", async () => {
    const { clock, queue, consumer, states } = starting([]);
    consumer.pause();
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.advance("1m");
    expect(queue.options?.flow).toEqual({ maxOutstanding: 0, lanes: 10 });
    expect([queue.count("receive"), queue.flows.at(-1)]).toEqual([0, { maxOutstanding: 0, lanes: 0 }]);
    consumer.resume();
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(states()).toEqual(["started", "resumed"]);
    await consumer.close();
    await run;
  });

  test("that ends before the start changes nothing", async () => {
    const { clock, queue, consumer, states } = starting([unreachable()]);
    const run = consumer.run(() => undefined);
    await clock.settle();
    consumer.pause();
    consumer.resume();
    queue.put("m");
    await clock.advance("1s");
    expect([queue.acked, states()]).toEqual([["m"], ["started"]]);
    await consumer.close();
    await run;
  });

  test("during a drain is not told", async () => {
    const { clock, queue, consumer, states } = starting([]);
    queue.put("m");
    const end = Promise.withResolvers<void>();
    const run = consumer.run(async () => {
      await end.promise;
    });
    await clock.settle();
    const closed = consumer.close();
    await clock.settle();
    consumer.pause();
    consumer.resume();
    await clock.advance("1s");
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 0, lanes: 0 });
    end.resolve();
    await clock.settle();
    await closed;
    await run;
    expect(states()).toEqual(["started", "draining", "closed"]);
  });
});

describe("a change of the concurrency", () => {
  test("before the driver is open counts from the start", async () => {
    const { clock, queue, consumer } = starting([unreachable()], { options: { concurrency: 2 } });
    for (let index = 0; index < 9; index += 1) queue.put(`m${index}`);
    let running = 0;
    const run = consumer.run(async () => {
      running += 1;
      await new Promise(() => {});
    });
    await clock.settle();
    consumer.concurrency = 5;
    await clock.advance("1s");
    expect(running).toBe(5);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

describe("two errors that end a run", () => {
  test("reject with the first", async () => {
    const { clock, queue, consumer } = starting([], { options: { concurrency: 1 } });
    queue.put("m");
    const end = Promise.withResolvers<void>();
    const failure = errorOf(
      consumer.run(async () => {
        await end.promise;
      }),
    );
    await clock.settle();
    queue.failNext("ack", () => {
      throw new FakeServiceError({ code: "NOT_FOUND", retryable: false });
    });
    consumer.concurrency = 2;
    queue.failNext("receive", () => {
      throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
    });
    await clock.settle();
    end.resolve();
    await clock.advance("25s");
    expect(await failure).toMatchObject({ code: "ACCESS_DENIED" });
  });
});

describe("a run that ended by itself", () => {
  test("has its report for whoever closes then, also of a handler that does not end", async () => {
    const { clock, queue, consumer } = starting([]);
    queue.put("done");
    queue.put("hangs");
    const failure = errorOf(
      consumer.run(async ({ id }) => {
        if (id === "hangs") await new Promise(() => undefined);
      }),
    );
    await clock.settle();
    queue.failNext("receive", () => {
      throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
    });
    consumer.concurrency += 1;
    await clock.advance("60s");
    expect(await failure).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await consumer.close()).toMatchObject({ handled: 1, abandoned: 1 });
    expect(await consumer.close()).toMatchObject({ handled: 1, abandoned: 1 });
  });
});
