import { describe, expect, test } from "vitest";
import type { EntityFacts, ProbeResult } from "../src/driver/entity.ts";
import { consumerBench, type BenchOptions } from "./consumer-bench.ts";
import { FakeServiceError, FAKE_LIMITS } from "./fake-adapter.ts";

function probing(facts: Partial<EntityFacts>, rest: Partial<ProbeResult> = {}): () => Promise<ProbeResult> {
  return async () => ({ ...rest, facts: { unknown: [], ...facts } });
}

/** Returns the error that ends a start, and the bench of that start. */
async function refusedStart(
  options: BenchOptions,
): Promise<{ error: unknown; bench: ReturnType<typeof consumerBench> }> {
  const bench = consumerBench(options);
  let error: unknown;
  const run = bench.consumer
    .run(() => undefined)
    .catch((thrown: unknown) => {
      error = thrown;
    });
  await bench.clock.advance("5s");
  await run;
  return { error, bench };
}

describe("a start", () => {
  test.each(["NOT_FOUND", "ACCESS_DENIED", "UNAUTHENTICATED"] as const)(
    "rejects on %s at open",
    async (code) => {
      const bench = consumerBench();
      bench.queue.openFailures = [new FakeServiceError({ code, retryable: false })];
      await expect(bench.consumer.run(() => undefined)).rejects.toMatchObject({
        code,
        operation: "open",
        target: "fake://here/orders",
      });
      expect(bench.queue.isClosed).toBe(true);
      expect(bench.queue.count("receive")).toBe(0);
    },
  );

  test("that hangs ends in a time-out that is tried again", async () => {
    const bench = consumerBench({
      driver: (queue) => ({
        open: async () => await new Promise(() => {}),
        receiveBatch: queue.receiveBatch.bind(queue),
        ackBatch: queue.ackBatch.bind(queue),
        releaseBatch: queue.releaseBatch.bind(queue),
        close: queue.close.bind(queue),
      }),
    });
    const run = bench.consumer.run(() => undefined);
    await bench.clock.advance("6s");
    expect(bench.events.of("receive-error")).toMatchObject([{ error: { code: "TIMEOUT" } }]);
    const closed = bench.consumer.close();
    await bench.clock.advance("6s");
    await closed;
    await run;
  });

  test("waits for a broker that cannot be reached, and then works", async () => {
    const bench = consumerBench();
    const unreachable = new FakeServiceError({ code: "CONNECTION_LOST", retryable: true });
    bench.queue.openFailures = [unreachable, unreachable, unreachable];
    bench.queue.put("m");
    const run = bench.consumer.run(() => undefined);
    await bench.clock.settle();
    expect(bench.consumer.health()).toMatchObject({ live: true, ready: false });
    await bench.clock.advance("10s");
    expect(bench.queue.acked).toEqual(["m"]);
    expect(bench.consumer.health().ready).toBe(true);
    await bench.consumer.close();
    await run;
  });

  test("is not stopped by a probe that fails, and says what it could not check", async () => {
    const bench = consumerBench({
      probe: async () =>
        await Promise.reject(new FakeServiceError({ code: "ACCESS_DENIED", retryable: false })),
    });
    bench.queue.put("m");
    const run = bench.consumer.run(() => undefined);
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual(["m"]);
    expect(bench.events.of("notice").map(({ text }) => text)).toEqual([
      expect.stringContaining("ACCESS_DENIED"),
    ]);
    await bench.consumer.close();
    await run;
  });

  test("reports what a probe could not read", async () => {
    const bench = consumerBench({ probe: probing({ unknown: ["the redrive policy is not readable"] }) });
    const run = bench.consumer.run(() => undefined);
    await bench.clock.settle();
    expect(bench.events.of("notice")).toEqual([
      { target: "fake://here/orders", text: "the redrive policy is not readable" },
    ]);
    await bench.consumer.close();
    await run;
  });

  test("reads the target that the setup locates", async () => {
    const located = consumerBench().consumer;
    expect(located.health().ready).toBe(true);
    const bench = consumerBench({
      setup: {
        locate: async () =>
          await Promise.reject(new FakeServiceError({ code: "NOT_FOUND", retryable: false })),
      },
    });
    await expect(bench.consumer.run(() => undefined)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("asks for the wanted lease within what the service takes", async () => {
    const lease = { minMs: 0, maxMs: 30_000, totalMs: 600_000 };
    const clipped = consumerBench({ limits: { lease } });
    const run = clipped.consumer.run(() => undefined);
    await clipped.clock.settle();
    expect(clipped.queue.options?.leaseMs).toBe(30_000);
    await clipped.consumer.close();
    await run;
    const { error } = await refusedStart({ limits: { lease }, options: { lease: "45s" } });
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("45000") });
  });

  test("adapts to a lease that the entity sets shorter than the default", async () => {
    const bench = consumerBench({
      capabilities: { leaseSetBy: "entity" },
      probe: probing({ leaseMs: 4_000 }),
    });
    bench.queue.put("m");
    let runs = 0;
    const run = bench.consumer.run(async () => {
      runs += 1;
      await new Promise<void>((resolve) => {
        bench.clock.setTimer(resolve, 12_000);
      });
    });
    await bench.clock.advance("13s");
    expect(runs).toBe(1);
    expect(bench.queue.acked).toEqual(["m"]);
    await bench.consumer.close();
    await run;
  });
});

describe("a start refuses", () => {
  test("ordering on an unordered entity", async () => {
    const { error, bench } = await refusedStart({
      details: { needs: ["ordering"] },
      capabilities: { ordering: "none" },
    });
    expect(error).toMatchObject({ code: "UNSUPPORTED", feature: "ordering" });
    expect(bench.queue.calls).toEqual([]);
  });

  test("what only the probe knows", async () => {
    const { error } = await refusedStart({
      details: { needs: ["ordering"] },
      probe: probing({}, { capabilities: { ordering: "none" } }),
    });
    expect(error).toMatchObject({ code: "UNSUPPORTED", feature: "ordering" });
  });

  test("attempts that a service without a delivery count cannot keep, unless unlimited", async () => {
    const { error } = await refusedStart({ capabilities: { deliveryCount: "none" } });
    expect(error).toMatchObject({
      code: "UNSUPPORTED",
      feature: "attempts",
      remedy: expect.stringContaining("unlimited"),
    });
    const bench = consumerBench({
      capabilities: { deliveryCount: "none" },
      options: { retry: { attempts: "unlimited" } },
    });
    bench.queue.put("m", {}, { deliveryCount: undefined as unknown as number });
    const attempts: number[] = [];
    const run = bench.consumer.run((_message, { attempt }) => attempts.push(attempt));
    await bench.clock.settle();
    expect(attempts).toEqual([1]);
    await bench.consumer.close();
    await run;
  });

  test("more attempts than the service allows deliveries", async () => {
    const { error } = await refusedStart({ probe: probing({ maxDeliveries: 3 }) });
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("attempts: 3"),
    });
  });

  test("no more than that, and says where there is no headroom", async () => {
    const exact = consumerBench({ probe: probing({ maxDeliveries: 5 }) });
    const run = exact.consumer.run(() => undefined);
    await exact.clock.settle();
    expect(exact.events.of("notice").map(({ text }) => text)).toEqual([
      expect.stringContaining("as many as attempts"),
    ]);
    await exact.consumer.close();
    await run;
    const unlimited = consumerBench({
      probe: probing({ maxDeliveries: 5 }),
      options: { retry: { attempts: "unlimited" } },
    });
    const second = unlimited.consumer.run(() => undefined);
    await unlimited.clock.settle();
    expect(unlimited.events.of("notice")).toHaveLength(1);
    await unlimited.consumer.close();
    await second;
  });

  test("a long retry delay where the service cannot delay, unless emulated", async () => {
    const options = { retry: { delay: "2m" } } as const;
    const { error } = await refusedStart({ capabilities: { releaseDelay: "none" }, options });
    expect(error).toMatchObject({ code: "UNSUPPORTED", feature: "delay" });
    const bench = consumerBench({ capabilities: { releaseDelay: "none" }, options, emulate: ["delay"] });
    const run = bench.consumer.run(() => undefined);
    await bench.clock.settle();
    await bench.consumer.close();
    await run;
  });

  test("a long retry delay on a subscription, emulated or not: a copy would reach the others too", async () => {
    const options = { retry: { delay: "2m" } } as const;
    const { error } = await refusedStart({
      capabilities: { releaseDelay: "none" },
      options,
      emulate: ["delay"],
      details: { kind: "subscription", topic: "events" },
    });
    expect(error).toMatchObject({
      code: "UNSUPPORTED",
      feature: "delay",
      message: expect.stringContaining("forward the subscription to a queue"),
    });
  });

  test("a handler timeout longer than the service holds a delivery", async () => {
    const { error } = await refusedStart({
      options: { handlerTimeout: "2h" },
      limits: { lease: { ...FAKE_LIMITS.lease, totalMs: 3_600_000 } },
    });
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("handlerTimeout"),
    });
  });

  test("to run twice at once, and to mix run with receive", async () => {
    const bench = consumerBench();
    const run = bench.consumer.run(() => undefined);
    await bench.clock.settle();
    await expect(bench.consumer.run(() => undefined)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(bench.consumer.receive()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await bench.consumer.close();
    await run;
    await bench.consumer.receive();
    await expect(bench.consumer.run(() => undefined)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await bench.consumer.close();
  });

  test("a handler that is none", async () => {
    const bench = consumerBench();
    await expect(bench.consumer.run("handler" as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(bench.consumer.runBatch(undefined as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
