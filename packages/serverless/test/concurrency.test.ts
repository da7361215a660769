import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery, type EventBench } from "./event-bench.ts";

function counting(
  options: { concurrency?: number; rateLimit?: { count: number; per: "1s" } } = {},
): EventBench & {
  most(): number;
  startedAt(): readonly number[];
} {
  let running = 0;
  let most = 0;
  const startedAtMs: number[] = [];
  const bench = eventBench(
    async () => {
      startedAtMs.push(bench.clock.now());
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => void bench.clock.setTimer(resolve, 100));
      running -= 1;
    },
    { options },
  );
  return { ...bench, most: () => most, startedAt: () => startedAtMs };
}

function many(count: number): ReturnType<typeof orderDelivery>[] {
  return Array.from({ length: count }, (_, index) => orderDelivery(`${index}`));
}

describe("handlers at once", () => {
  test.each([
    [undefined, 10],
    [1, 1],
    [4, 4],
  ])("are with concurrency %s at most %i in one event", async (concurrency, expected) => {
    const bench = counting(concurrency === undefined ? {} : { concurrency });
    await eventually(bench.clock, bench.call({ deliveries: many(25) }));
    expect(bench.most()).toBe(expected);
  });

  test("are bounded over events that a process handles together, and all of them end", async () => {
    const bench = counting({ concurrency: 3 });
    const calls = Array.from({ length: 5 }, () => bench.call({ deliveries: many(4) }));
    const replies = await eventually(bench.clock, Promise.all(calls));
    expect(replies.flatMap(kinds)).toEqual(Array.from({ length: 20 }, () => "ack"));
    expect(bench.most()).toBe(3);
    expect(bench.clock.now()).toBe(700);
  });

  test("that were abandoned hold up no later event", async () => {
    let isHanging = true;
    const { call, clock } = eventBench(async () => (isHanging ? await new Promise(() => {}) : undefined), {
      options: { concurrency: 1 },
    });
    const abandoned = call({ deliveries: many(1), timeoutMs: 10_000 });
    const behind = call({ deliveries: many(1), timeoutMs: 60_000 });
    await clock.settle();
    isHanging = false;
    expect(kinds(await eventually(clock, abandoned))).toEqual(["release"]);
    expect(kinds(await eventually(clock, behind))).toEqual(["ack"]);
  });

  test("start no faster than the rate allows, over events too", async () => {
    const bench = counting({ rateLimit: { count: 2, per: "1s" } });
    const calls = [bench.call({ deliveries: many(3) }), bench.call({ deliveries: many(2) })];
    await eventually(bench.clock, Promise.all(calls));
    expect(bench.startedAt()).toEqual([0, 0, 1_000, 1_000, 2_000]);
  });
});

test("ten thousand messages of one event are handled in one call", async () => {
  const { call } = eventBench(({ body }) => {
    if (body.order.endsWith("7")) throw new Error("down");
  });
  const outcomes = await call({ deliveries: many(10_000) });
  expect(outcomes.filter(({ kind }) => kind === "release")).toHaveLength(1_000);
  expect(outcomes.filter(({ kind }) => kind === "ack")).toHaveLength(9_000);
});
