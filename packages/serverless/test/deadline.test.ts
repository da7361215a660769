import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery, untilAborted } from "./event-bench.ts";

const UNFINISHED = { kind: "release", delayMs: 0, cause: "unstarted" };

describe("the time that the platform gives", () => {
  test("ends runs a margin before it, gives back what has not started, and keeps what is done", async () => {
    const started: string[] = [];
    const { call, clock } = eventBench(
      async ({ id }, { signal }) => {
        started.push(id);
        if (id === "quick") return;
        await untilAborted(signal);
      },
      { options: { concurrency: 2 } },
    );
    const deliveries = ["quick", "slow", "slower", "never"].map((id) => orderDelivery(id));
    const outcomes = await eventually(clock, call({ deliveries, timeoutMs: 30_000 }));
    expect(outcomes).toEqual([{ kind: "ack" }, UNFINISHED, UNFINISHED, UNFINISHED]);
    expect(started).toEqual(["quick", "slow", "slower"]);
    expect(clock.now()).toBe(27_000);
  });

  test("says in the signal's reason and in the deadline why and when a run ends", async () => {
    let reason: unknown;
    let deadlineMs = 0;
    const { call, clock } = eventBench(async (_message, { signal, deadline }) => {
      deadlineMs = deadline?.getTime() ?? 0;
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          resolve();
        });
      });
    });
    const startedAtMs = clock.wallNow();
    await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 30_000 }));
    expect(reason).toMatchObject({ code: "CANCELLED", target: "event:orders" });
    expect(deadlineMs - startedAtMs).toBe(27_000);
  });

  test("counts as done what a handler still finishes after its signal aborted", async () => {
    const { call, clock } = eventBench(async (_message, { signal }) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => clock.setTimer(resolve, 1_000));
      });
    });
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 30_000 }));
    expect(outcomes).toEqual([{ kind: "ack" }]);
  });

  test("is kept although a handler ignores its signal, which is said; its late end changes nothing", async () => {
    const { call, clock, emitted } = eventBench(async () => {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 3_600_000));
    });
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 30_000 }));
    expect(outcomes).toEqual([UNFINISHED]);
    expect(clock.now()).toBeLessThan(30_000);
    expect(emitted).toMatchObject([
      {
        name: "notice",
        event: { text: expect.stringMatching(/^a handler still runs after .* comes again$/u) },
      },
    ]);
    await clock.advance("1h");
    expect(emitted.at(-1)).toMatchObject({ name: "late-result", event: { result: "returned" } });
  });

  test.each([0, -5, 900, 1_000])("starts nothing with %i ms left", async (timeoutMs) => {
    let runs = 0;
    const { call, clock } = eventBench(() => {
      runs += 1;
    });
    const outcomes = await call({ deliveries: [orderDelivery("a"), orderDelivery("b")], timeoutMs });
    expect(outcomes).toEqual([UNFINISHED, UNFINISHED]);
    expect(runs).toBe(0);
    expect(clock.now()).toBe(0);
  });

  test("that is less than what is kept free of it is told once, and only then", async () => {
    const { call, emitted } = eventBench(() => undefined);
    for (const timeoutMs of [60_000, 900, 800]) await call({ deliveries: [orderDelivery("a")], timeoutMs });
    await call({ deliveries: [orderDelivery("a")] });
    const notices = emitted.filter(({ name }) => name === "notice");
    expect(notices).toMatchObject([{ event: { text: expect.stringContaining("deadlineMargin") } }]);
  });

  test("is shared out as deadlineMargin says", async () => {
    const { call, clock } = eventBench(
      async (_message, { signal }) => {
        await untilAborted(signal);
      },
      { options: { deadlineMargin: "12s" } },
    );
    expect(
      kinds(await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 30_000 }))),
    ).toEqual(["release"]);
    expect(clock.now()).toBe(18_000);
  });

  test("bounds what settlements may still take, and an unconfirmed dead letter is reported as failed", async () => {
    const { call, clock } = eventBench(
      () => {
        throw new Error("down");
      },
      { batch: { settle: { deadLetterBatch: async () => await new Promise(() => {}) } } },
    );
    const deliveries = [orderDelivery("a", { deliveryCount: 3 })];
    const outcomes = await eventually(clock, call({ deliveries, timeoutMs: 8_000 }));
    expect(outcomes).toMatchObject([{ kind: "release", error: { code: "TIMEOUT" } }]);
    expect(clock.now()).toBeLessThan(8_000);
  });

  test("is kept where a handler's own time ends after it, and the platform cannot delay", async () => {
    const { call, clock } = eventBench(async () => await new Promise(() => {}), {
      options: { handlerTimeout: "28s" },
      batch: { releaseDelay: "none" },
    });
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 30_000 }));
    expect(outcomes).toMatchObject([{ kind: "release", cause: "retry", error: { code: "TIMEOUT" } }]);
    expect(clock.now()).toBe(28_000);
  });

  test("is kept where a renewal is not answered", async () => {
    let renewals = 0;
    const { call, clock } = eventBench(
      async () => await new Promise<void>((resolve) => void clock.setTimer(resolve, 6_000)),
      {
        batch: {
          settle: {
            extendBatch: async () => {
              renewals += 1;
              return await new Promise(() => {});
            },
          },
        },
      },
    );
    // A lease that others share is renewed while this message is settled.
    const deliveries = [orderDelivery("a", { leaseMs: 10_000, leaseKey: "session" })];
    expect(kinds(await eventually(clock, call({ deliveries, timeoutMs: 11_000 })))).toEqual(["ack"]);
    expect([renewals, clock.now()]).toEqual([1, 6_000]);
  });

  test("without an end leaves a handler all the time it needs", async () => {
    const { call, clock } = eventBench(async () => {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 1_200_000));
    });
    expect(await eventually(clock, call({ deliveries: [orderDelivery("a")] }))).toEqual([{ kind: "ack" }]);
  });
});

test("answers in time although the event loop was blocked when the platform's time was nearly over", async () => {
  const bench = eventBench(async () => await new Promise(() => {}));
  const called = bench.call({ deliveries: [orderDelivery("a")], timeoutMs: 10_000 });
  await bench.clock.settle();
  bench.clock.stall(9_600);
  const outcomes = await eventually(bench.clock, called);
  expect(kinds(outcomes)).toEqual(["release"]);
  expect(bench.clock.now()).toBeLessThan(10_000);
});
