import { describe, expect, test } from "vitest";
import { close, running } from "./running-handler.ts";

describe("extend", () => {
  test("holds the lease for that long, also across renewals", async () => {
    const bench = await running();
    await bench.context.extend("10m");
    expect(bench.queue.messages[0]?.visibleAtMs).toBe(600_000);
    await bench.clock.advance("301s");
    expect(bench.queue.messages[0]?.visibleAtMs).toBeGreaterThanOrEqual(600_000);
    expect(bench.queue.count("extend")).toBe(2);
    await close(bench);
  });

  test("is capped by what the service and the longest hold allow", async () => {
    const bench = await running({ limits: { lease: { minMs: 0, maxMs: 120_000, totalMs: 43_200_000 } } });
    await bench.context.extend("5h");
    expect(bench.queue.messages[0]?.visibleAtMs).toBe(120_000);
    await close(bench);
  });

  test("works when taken out of the context", async () => {
    const bench = await running();
    const { extend } = bench.context;
    await extend("2m");
    expect(bench.queue.messages[0]?.visibleAtMs).toBe(120_000);
    await close(bench);
  });

  test.each(["0s", "later", "-5s"])("refuses %s", async (by) => {
    const bench = await running();
    await expect(bench.context.extend(by as "1s")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(bench.queue.count("extend")).toBe(0);
    await close(bench);
  });

  test("rejects with LEASE_LOST once the lease is gone", async () => {
    const bench = await running();
    bench.queue.options?.events.leasesLost("all", new Error("gone"));
    await expect(bench.context.extend("1m")).rejects.toMatchObject({ code: "LEASE_LOST" });
    await close(bench);
  });
});

describe("the deadline of a run", () => {
  test("is that of the handler timeout, else of the longest hold", async () => {
    const timed = await running({ options: { handlerTimeout: "10s" } });
    expect(timed.context.deadline?.getTime()).toBe(timed.clock.wallNow() + 10_000);
    await close(timed);
    const free = await running();
    expect(free.context.deadline?.getTime()).toBe(free.clock.wallNow() + 3_600_000);
    await close(free);
  });
});
