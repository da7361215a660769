import { describe, expect, test } from "vitest";
import { isQueueError } from "../src/errors/queue-error.ts";
import { consumerBench } from "./consumer-bench.ts";
import { hangs, throws, UNAVAILABLE } from "./fake-faults.ts";
import { close, running } from "./running-handler.ts";

describe("the lease of a running handler", () => {
  test("is renewed at half of what is left, so that a run of three leases is one run", async () => {
    const bench = await running();
    await bench.clock.advance("181s");
    expect(bench.runs()).toBe(1);
    expect(
      bench.queue.calls.filter(({ operation }) => operation === "extend").map(({ atMs }) => atMs),
    ).toEqual([30_000, 60_000, 90_000, 120_000, 150_000, 180_000]);
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual(["m"]);
    await close(bench);
  });

  test("is not renewed after the settlement", async () => {
    const bench = await running();
    await bench.clock.advance("31s");
    bench.end();
    await bench.clock.advance("10m");
    expect(bench.queue.count("extend")).toBe(1);
    await close(bench);
  });

  test("ends its renewal before a settlement goes out: a heartbeat never overwrites a retry delay", async () => {
    const bench = await running({ options: { retry: { delay: "5m" } } });
    let answer: () => void = () => {};
    bench.queue.failNext("extend", async (applied) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return applied();
    });
    await bench.clock.advance("30s");
    bench.end(new Error("failed while the renewal was on its way"));
    await bench.clock.advance("1s");
    expect(bench.queue.count("release")).toBe(0);
    answer();
    await bench.clock.settle();
    expect(bench.queue.released).toMatchObject([{ delayMs: 300_000 }]);
    await bench.clock.advance("299s");
    expect(bench.runs()).toBe(1);
    await bench.clock.advance("2s");
    expect(bench.runs()).toBe(2);
    await close(bench);
  });

  test("survives renewals that fail twice", async () => {
    const bench = await running();
    bench.queue.failNext("extend", throws(UNAVAILABLE), throws(UNAVAILABLE));
    await bench.clock.advance("3m");
    expect(bench.context.signal.aborted).toBe(false);
    expect(bench.runs()).toBe(1);
    await close(bench);
  });

  test("aborts the handler no later than its end where every renewal fails, and settles nothing", async () => {
    const bench = await running();
    bench.queue.failNext("extend", ...Array.from({ length: 50 }, () => throws(UNAVAILABLE)));
    await bench.clock.advance("60s");
    expect(bench.context.signal.aborted).toBe(true);
    expect(isQueueError(bench.context.signal.reason, "LEASE_LOST")).toBe(true);
    expect(bench.queue.count("extend")).toBeLessThan(12); // each try halves what is left
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual([]);
    expect(bench.events.of("lease-lost")).toMatchObject([{ id: "m" }]);
    expect(bench.events.of("late-result")).toMatchObject([{ id: "m", result: "returned" }]);
    await close(bench);
  });

  test("is lost at once when the service says so", async () => {
    const bench = await running();
    bench.queue.failNext("extend", throws({ code: "LEASE_LOST", retryable: false }));
    await bench.clock.advance("30s");
    expect(bench.context.signal.aborted).toBe(true);
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.count("ack")).toBe(0);
    await close(bench);
  });

  test("is lost when the driver reports it between asks", async () => {
    const bench = await running();
    const [message] = bench.queue.messages;
    bench.queue.options?.events.leasesLost({ handles: [message?.handle ?? ""] }, new Error("link detached"));
    expect(bench.context.signal.reason).toMatchObject({ code: "INTERNAL" });
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual([]);
    await close(bench);
  });

  test("that a hung renewal lets run out is lost in time", async () => {
    const bench = await running();
    bench.queue.failNext("extend", ...Array.from({ length: 20 }, () => hangs));
    await bench.clock.advance("61s");
    expect(bench.context.signal.aborted).toBe(true);
    await close(bench);
  });

  test("is not renewed beyond the longest hold", async () => {
    const bench = await running({ options: { retry: { delay: "5m" } } });
    await bench.clock.advance("61m");
    const extended = bench.queue.calls.filter(({ operation }) => operation === "extend");
    expect(extended.at(-1)?.atMs).toBeLessThanOrEqual(3_600_000);
    expect(bench.queue.released).toMatchObject([{ id: "m", delayMs: 300_000 }]);
    await close(bench);
  });
});

describe("time that a lease cannot see", () => {
  test("a blocked event loop: the lease counts as lost, the ack is not sent", async () => {
    const bench = await running();
    bench.clock.stall(61_000);
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.count("ack")).toBe(0);
    expect(bench.events.of("lease-lost")).toMatchObject([{ id: "m" }]);
    expect(bench.events.of("late-result")).toHaveLength(1);
    await close(bench);
  });

  test("a blocked event loop: the signal aborts before a timer of the handler that fell due meanwhile", async () => {
    const bench = await running();
    let isAborted: boolean | undefined;
    bench.clock.setTimer(() => {
      isAborted = bench.context.signal.aborted;
    }, 5_000);
    bench.clock.stall(61_000);
    await bench.clock.advance(0);
    expect(isAborted).toBe(true);
    await close(bench);
  });

  test("a machine that slept: a settlement looks at the time since boot first", async () => {
    const bench = await running();
    bench.clock.suspend(61_000);
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.count("ack")).toBe(0);
    expect(bench.events.of("lease-lost")).toMatchObject([{ id: "m" }]);
    await close(bench);
  });

  test("a machine that slept: the handler's signal aborts within a second", async () => {
    const bench = await running();
    bench.clock.suspend(61_000);
    await bench.clock.advance("1s");
    expect(bench.context.signal.aborted).toBe(true);
    await close(bench);
  });

  test("a short sleep shortens the lease and does not end it", async () => {
    const bench = await running();
    bench.clock.suspend(40_000);
    await bench.clock.advance("2s");
    expect(bench.queue.count("extend")).toBe(1);
    expect(bench.context.signal.aborted).toBe(false);
    await close(bench);
  });

  test.each([3_600_000, -3_600_000])("a wall clock that jumps by %i ms changes nothing", async (jumpMs) => {
    const bench = await running();
    bench.clock.jumpWall(jumpMs);
    await bench.clock.advance("65s");
    expect(
      bench.queue.calls.filter(({ operation }) => operation === "extend").map(({ atMs }) => atMs),
    ).toEqual([30_000, 60_000]);
    bench.end();
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual(["m"]);
    await close(bench);
  });
});

describe("buffered deliveries", () => {
  test("are renewed until they start, many in one request", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 1, prefetch: 25 } });
    for (let index = 0; index < 26; index += 1) queue.put(`m${index}`);
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.advance("100s");
    expect(queue.leased).toBe(26);
    const rounds = queue.calls.filter(({ operation }) => operation === "extend");
    expect(rounds.every(({ items }) => items.length <= 10)).toBe(true);
    expect(rounds).toHaveLength(9); // three rounds of 26 in tens
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });

  test("that share one lease are renewed once", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { lease: "shared", leaseSetBy: "entity" },
    });
    for (const id of ["a", "b", "c"]) queue.put(id, {}, { leaseKey: "session-1" });
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.advance("31s");
    expect(queue.itemsOf("extend")).toHaveLength(1);
    queue.options?.events.leasesLost({ leaseKey: "session-1" }, new Error("session lost"));
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    expect((await closed).released).toBe(0);
    await run;
  });

  test("whose lease ran out before a permit came are not started", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { concurrency: 1, prefetch: 1 } });
    queue.put("first");
    queue.put("second");
    const seen: string[] = [];
    let end: () => void = () => {};
    const run = consumer.run(async (message) => {
      seen.push(message.id);
      if (seen.length === 1) {
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      }
    });
    await clock.settle();
    clock.stall(61_000);
    end();
    await clock.settle();
    expect(events.of("lease-lost").map(({ id }) => id)).toEqual(["first", "second"]);
    expect(seen.filter((id) => id === "second").length).toBeLessThanOrEqual(1);
    await consumer.close();
    await run;
  });
});
