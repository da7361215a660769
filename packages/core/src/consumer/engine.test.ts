import { describe, expect, test } from "vitest";
import { close, running } from "../../test/running-handler.ts";
import { consumerBench } from "../../test/consumer-bench.ts";
import { FakeServiceError } from "../../test/fake-adapter.ts";

const GONE = new FakeServiceError({ code: "LEASE_LOST", retryable: false });

describe("leases that a driver reports as lost", () => {
  test.each([
    ["by a handle that is another's", { handles: ["another"] }, false],
    ["by another key", { leaseKey: "other" }, false],
    ["all", "all", true],
  ] as const)("%s", async (_how, lost, isLost) => {
    const bench = await running();
    bench.queue.options?.events.leasesLost(lost, GONE);
    expect(bench.context.signal.aborted).toBe(isLost);
    expect(bench.events.of("lease-lost")).toHaveLength(isLost ? 1 : 0);
    bench.end();
    await close(bench);
  });

  test("by the key of a session are those of its deliveries", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { concurrency: 3 } });
    queue.put("a", {}, { leaseKey: "session-1" });
    queue.put("b", {}, { leaseKey: "session-2" });
    queue.put("c", {}, { leaseKey: "session-1" });
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.settle();
    queue.options?.events.leasesLost({ leaseKey: "session-1" }, GONE);
    expect(events.of("lease-lost").map(({ id, error }) => [id, error.code])).toEqual([
      ["a", "LEASE_LOST"],
      ["c", "LEASE_LOST"],
    ]);
    expect(events.of("lease-lost")[0]).toMatchObject({
      target: "fake://here/orders",
      error: { provider: "fake", target: "fake://here/orders" },
    });
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });

  test("are nobody's while the driver opens", async () => {
    const { queue, consumer, events } = consumerBench({
      driver: (one) => ({
        open: async () => {
          one.options?.events.leasesLost("all", GONE);
          await Promise.resolve();
        },
        receiveBatch: one.receiveBatch.bind(one),
        ackBatch: one.ackBatch.bind(one),
        releaseBatch: one.releaseBatch.bind(one),
        close: one.close.bind(one),
      }),
    });
    queue.put("m");
    expect(await consumer.receive()).toHaveLength(1);
    expect(events.of("lease-lost")).toEqual([]);
    await consumer.close();
  });
});

test("a fault of a driver is an event, and nothing else", async () => {
  const bench = await running();
  bench.queue.options?.events.fault(new FakeServiceError({ code: "CONNECTION_LOST", retryable: true }));
  expect(bench.events.of("receive-error")).toMatchObject([
    { target: "fake://here/orders", failures: 1, delayMs: 0, error: { code: "CONNECTION_LOST" } },
  ]);
  expect(bench.context.signal.aborted).toBe(false);
  bench.end();
  await close(bench);
});

describe("the pause before a retry", () => {
  /** Delay after the last of many failures, with jitter at its worst. */
  async function longestPause(options: Parameters<typeof consumerBench>[0]): Promise<number | undefined> {
    const { clock, queue, consumer } = consumerBench({
      setup: { random: () => 0.999_999_9 },
      ...options,
      options: { retry: { attempts: "unlimited" } },
    });
    queue.put("m", {}, { deliveryCount: 40 });
    const startedAtMs: number[] = [];
    const run = consumer.run(() => {
      startedAtMs.push(clock.now());
      throw new Error("always");
    });
    await clock.advance("6m");
    await consumer.close();
    await run;
    return startedAtMs[1];
  }

  test.each([
    ["is five minutes at most where the service delays", {}, 300_000],
    ["is a minute at most where it does not", { capabilities: { releaseDelay: "none" } }, 60_000],
    [
      "is five minutes at most where that is emulated",
      { capabilities: { releaseDelay: "none" }, emulate: ["delay"] },
      300_000,
    ],
  ] as const)("%s", async (_claim, options, ms) => {
    expect(await longestPause(options)).toBe(ms);
  });

  test("is spread over that minute, not cut off at it", async () => {
    const setup = { random: () => 0.5 };
    expect(await longestPause({ capabilities: { releaseDelay: "none" }, setup })).toBe(30_000);
    expect(await longestPause({ setup })).toBe(150_000);
  });

  test("follows the back-off where the application's own function fails, which is told", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      options: {
        retry: {
          delay: () => {
            throw new Error("bad policy");
          },
        },
      },
    });
    queue.put("m");
    const run = consumer.run(() => {
      throw new Error("no");
    });
    await clock.settle();
    expect(queue.released).toMatchObject([{ delayMs: 500 }]);
    expect(events.of("listener-error")).toMatchObject([
      { event: "retry.delay", error: { message: "bad policy" } },
    ]);
    await consumer.close();
    await run;
  });
});

describe("a delivery that does not say how long its lease is", () => {
  test.each([
    ["timed", 1],
    ["shared", 1],
    ["none", 0],
    ["link", 0],
  ] as const)("has the wanted one where leases are %s", async (lease, renewals) => {
    const { clock, queue, consumer } = consumerBench({ capabilities: { lease } });
    queue.put("m", {}, { leaseMs: undefined as unknown as number, leaseKey: "s" });
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.advance("31s");
    expect(queue.count("extend")).toBe(renewals);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

describe("a lease as long as its link", () => {
  test("is neither renewed nor lost, however long a handler runs", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      capabilities: { lease: "link" },
      options: { concurrency: 1, prefetch: 0 },
    });
    queue.put("m", {}, { leaseMs: undefined as unknown as number });
    const end = Promise.withResolvers<void>();
    const run = consumer.run(async () => {
      await end.promise;
    });
    await clock.advance("50m");
    expect([queue.count("extend"), events.of("lease-lost")]).toEqual([0, []]);
    end.resolve();
    await clock.settle();
    expect(queue.calls.find(({ operation }) => operation === "ack")?.atMs).toBe(3_000_000);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

test("settlements of pulled messages go out at once, also where requests cost money", async () => {
  const { clock, queue, consumer } = consumerBench({
    limits: { receive: { maxItems: 10, maxWaitMs: 20_000, parallel: 1, billed: true } },
  });
  queue.put("m");
  const [message] = await consumer.receive();
  void message?.ack();
  await clock.settle();
  expect([queue.count("ack"), clock.now()]).toEqual([1, 0]);
  await consumer.close();
});
