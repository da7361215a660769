import { describe, expect, test } from "vitest";
import type { Logger } from "../queue-consumer.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { ElapsedTime } from "../time/elapsed-time.ts";
import { RunContext, type ContextParts } from "./run-context.ts";

const logger: Logger = { info: () => {}, warn: () => {}, error: () => {} };

function bench({ deliveryCount = 1, ...over }: Partial<ContextParts> & { deliveryCount?: number } = {}) {
  const clock = createVirtualClock();
  const held = new HeldDelivery(delivery("h", { deliveryCount }), undefined, 1);
  const extended: unknown[] = [];
  const keeper = {
    wakeAt: (one: HeldDelivery, atMs: number) => (one.wakeAtMs = atMs),
    extend: async (one: HeldDelivery, byMs: number) => {
      extended.push([one, byMs]);
      await Promise.resolve();
    },
  } as unknown as LeaseKeeper;
  const time = new ElapsedTime(clock);
  const context = new RunContext(held, { keeper, clock, time, logger, lastAttempt: 3, ...over });
  return { clock, held, context, extended };
}

describe("the context of a run", () => {
  test.each([
    [2, false],
    [3, true],
    [4, true],
  ])("says whether attempt %i is the last: %s", (deliveryCount, isLast) => {
    const { context } = bench({ deliveryCount });
    expect([context.attempt, context.isLastAttempt]).toEqual([deliveryCount, isLast]);
  });

  test("has the signal of its delivery and the log of the application", () => {
    const { context, held } = bench();
    expect(context.signal).toBe(held.signal);
    expect(context.log).toBe(logger);
  });

  test.each([
    ["its handler's time", { wakeAtMs: 10_000, capAtMs: 60_000 }, {}, 10_000],
    ["the longest hold", { wakeAtMs: Number.POSITIVE_INFINITY, capAtMs: 60_000 }, {}, 60_000],
    ["the end of the platform's call", { wakeAtMs: 10_000, capAtMs: 60_000 }, { endsAtMs: 4_000 }, 4_000],
  ])("ends with %s", (_what, fields, over, inMs) => {
    const { clock, held, context } = bench(over);
    Object.assign(held, fields);
    expect(context.deadline.getTime()).toBe(clock.wallNow() + inMs);
  });

  test("counts its deadline from now, also when time has passed", async () => {
    const { clock, held, context } = bench();
    held.wakeAtMs = 10_000;
    await clock.advance(4_000);
    expect(context.deadline.getTime()).toBe(clock.wallNow() + 6_000);
  });

  test("has its time when a wait is over, and moves no wake of a settlement", async () => {
    const { clock, held, context } = bench({ handlerTimeoutMs: 5_000 });
    held.capAtMs = 60_000;
    held.become("running");
    RunContext.wait(context);
    expect(held.wakeAtMs).toBe(60_000);
    await clock.advance(4_000);
    RunContext.begin(context);
    expect([held.startedAtMs, held.wakeAtMs]).toEqual([4_000, 9_000]);

    held.become("settling");
    held.wakeAtMs = 4_500; // the next try
    RunContext.wait(context);
    RunContext.begin(context);
    expect(held.wakeAtMs).toBe(4_500);
  });

  test("has a date for a deadline also where nothing ends it: in a hundred years", () => {
    const { clock, context } = bench();
    expect(context.deadline.getTime()).toBe(clock.wallNow() + 100 * 365 * 86_400_000);
  });

  test("extends by what it is asked for, and not by nothing", async () => {
    const { context, held, extended } = bench();
    await context.extend("2m");
    expect(extended).toEqual([[held, 120_000]]);
    await expect(context.extend("0s")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(context.extend("soon" as "1s")).rejects.toMatchObject({
      message: expect.stringContaining("extend"),
    });
    expect(extended).toHaveLength(1);
  });
});
