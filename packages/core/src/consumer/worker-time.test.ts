import { describe, expect, test } from "vitest";
import { workerBench } from "../../test/worker-bench.ts";
import { defineQueue, detailsOf } from "../message/queue-definition.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { WorkerParts } from "./worker.ts";

describe("what comes in together", () => {
  test.each([
    ["returned", undefined],
    ["goes on", new Promise(() => {})],
  ])("is timed anew after a handler that blocked and %s", async (_, returned) => {
    const details = detailsOf(defineQueue("orders"));
    const started: string[] = [];
    const handle = ({ id }: { readonly id: string }): unknown => {
      started.push(id);
      bench.clock.stall(2_000);
      return returned;
    };
    const keeper = { leftMs: (__: HeldDelivery, nowMs: number) => 1_000 - nowMs };
    const over = { keeper, rules: { details, handle } } as unknown as Partial<WorkerParts>;
    const bench = workerBench({ over });
    await bench.accept("a1", "b1");
    expect(started).toEqual(["a1"]);
    expect(bench.log.at(-1)).toMatch(/^b1 LEASE_LOST.*before a handler could start/u);
  });

  test("is timed anew after a listener that blocked", async () => {
    const details = detailsOf(defineQueue("orders"));
    const keeper = { leftMs: (_: HeldDelivery, nowMs: number) => 1_000 - nowMs };
    const events = { isActive: () => true, emit: () => bench.clock.stall(2_000) };
    const over = { events, keeper, rules: { details, handle: () => {} } } as unknown as Partial<WorkerParts>;
    const bench = workerBench({ over });
    await bench.accept("a1", "b1");
    expect(bench.log.at(-2)).toBe("a1 ack");
    expect(bench.log.at(-1)).toMatch(/^b1 LEASE_LOST.*before a handler could start/u);
  });
});
