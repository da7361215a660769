import { describe, expect, test } from "vitest";
import { consumerBench, tracked, errorOf } from "./consumer-bench.ts";
import { afterwards, throws, UNAVAILABLE } from "./fake-faults.ts";
import { FAKE_LIMITS } from "./fake-adapter.ts";

describe("permits", () => {
  test.each([1, 3, 10, 100])("never run more than %i handlers", async (concurrency) => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency } });
    for (let index = 0; index < 250; index += 1) queue.put(`m${index}`);
    const { track, handler } = tracked(clock, 100);
    const run = consumer.run(handler);
    await clock.advance("60s");
    expect(track.most).toBe(concurrency);
    expect(track.done).toBe(250);
    await consumer.close();
    await run;
  });

  test("follow a change of concurrency, up at once and down as runs end", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 2 } });
    for (let index = 0; index < 300; index += 1) queue.put(`m${index}`);
    const { track, handler } = tracked(clock, 1_000);
    const run = consumer.run(handler);
    await clock.settle();
    expect(track.now).toBe(2);
    consumer.concurrency = 7;
    await clock.settle();
    expect(track.now).toBe(7);
    expect(consumer.concurrency).toBe(7);
    consumer.concurrency = 3;
    await clock.advance(1_000);
    expect(track.now).toBe(3);
    track.most = 0;
    await clock.advance(5_000);
    expect(track.most).toBe(3);
    expect(queue.flows.map(({ lanes }) => lanes)).toEqual([2, 7, 3]);
    expect(() => {
      consumer.concurrency = 0;
    }).toThrow(/concurrency/);
    const closed = consumer.close();
    await clock.advance("1s");
    await closed;
    await run;
  });

  test("of one slow handler delay no other message", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { concurrency: 10 },
      limits: { receive: { ...FAKE_LIMITS.receive, billed: true } },
    });
    for (let index = 0; index < 100; index += 1) queue.put(`m${index}`);
    const { track, handler } = tracked(clock, (id) => (id === "m0" ? 3_600_000 : 10));
    const run = consumer.run(handler);
    await clock.advance("2s");
    expect(track.done).toBe(99);
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

describe("asks", () => {
  test("are for as many deliveries as there is room, never more", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 4, prefetch: 2 } });
    for (let index = 0; index < 50; index += 1) queue.put(`m${index}`);
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.advance("10s");
    expect(queue.leased).toBe(6);
    expect(queue.itemsOf("receive").reduce<number>((sum, items) => sum + Number(items), 0)).toBe(6);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });

  test("stop while settlements wait for their answers, and go on with the answers", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { concurrency: 5 },
      limits: { ack: { maxItems: 10, maxInFlight: 2 } },
    });
    for (let index = 0; index < 300; index += 1) queue.put(`m${index}`);
    const answer = Promise.withResolvers<void>();
    queue.failNext("ack", ...Array.from({ length: 2 }, () => afterwards(answer.promise)));
    let handled = 0;
    const run = consumer.run(() => {
      handled += 1;
    });
    await clock.settle();
    expect(queue.count("ack")).toBe(2);
    // Two full ack requests, two more that wait, and the handlers that were running then.
    expect(handled).toBeGreaterThanOrEqual(40);
    expect(handled).toBeLessThanOrEqual(45);
    answer.resolve();
    await clock.settle();
    expect(queue.acked).toHaveLength(300);
    await consumer.close();
    await run;
  });

  test("are one long poll while idle", async () => {
    const { clock, queue, consumer } = consumerBench();
    const run = consumer.run(() => undefined);
    await clock.advance("10m");
    expect(queue.mostAsksOut).toBe(1);
    expect(queue.count("receive")).toBe(31); // one every 20 s
    await consumer.close();
    await run;
  });

  test("are parallel only while replies come back full", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 100 } });
    for (let index = 0; index < 60; index += 1) queue.put(`m${index}`);
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.mostAsksOut).toBe(2);
    expect(queue.acked).toHaveLength(60);
    queue.mostAsksOut = 0;
    await clock.advance("2m");
    expect(queue.mostAsksOut).toBe(1);
    await consumer.close();
    await run;
  });

  test("cost little where each is billed: replies are at least half full under load", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { concurrency: 20, prefetch: 10 },
      limits: { receive: { ...FAKE_LIMITS.receive, billed: true } },
    });
    for (let index = 0; index < 1_000; index += 1) queue.put(`m${index}`);
    let number = 0;
    const { track, handler } = tracked(clock, () => 10 + (number++ % 7) * 13);
    const run = consumer.run(handler);
    await clock.advance("10s");
    expect(track.done).toBe(1_000);
    expect(queue.count("receive")).toBeLessThanOrEqual(200);
    await consumer.close();
    await run;
  });
});

describe("errors of asks", () => {
  test("are tried again with growing pauses, for ever; health says so", async () => {
    const { clock, queue, consumer, events } = consumerBench({ setup: { random: () => 0.999 } });
    queue.failNext("receive", ...Array.from({ length: 15 }, () => throws(UNAVAILABLE)));
    const run = consumer.run(() => undefined);
    await clock.advance("100ms");
    expect(consumer.health()).toMatchObject({ live: true, ready: false });
    expect(consumer.health().reasons[0]).toContain("UNAVAILABLE");
    await clock.advance("10m");
    const delays = events.of("receive-error").map(({ delayMs }) => delayMs);
    expect(delays).toHaveLength(15);
    expect(delays[0]).toBe(100);
    expect(delays.every((delayMs, index) => delayMs >= (delays[index - 1] ?? 0))).toBe(true);
    expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
    queue.put("m");
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(consumer.health()).toEqual({ live: true, ready: true, reasons: [] });
    await consumer.close();
    await run;
  });

  test("honour the service's own hint", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.failNext("receive", throws({ code: "THROTTLED", retryable: true, retryAfterMs: 7_000 }));
    const run = consumer.run(() => undefined);
    await clock.advance("6s");
    expect(queue.count("receive")).toBe(1);
    await clock.advance("2s");
    expect(queue.count("receive")).toBe(2);
    expect(events.of("receive-error")).toMatchObject([{ delayMs: 7_000, failures: 1 }]);
    await consumer.close();
    await run;
  });

  test.each(["NOT_FOUND", "ACCESS_DENIED", "INVALID_ARGUMENT", "UNSUPPORTED"] as const)(
    "that are fatal (%s) reject the run once, after its handlers ended",
    async (code) => {
      const { clock, queue, consumer, events } = consumerBench({ options: { concurrency: 1 } });
      queue.put("m");
      const { track, handler } = tracked(clock, 5_000);
      const run = consumer.run(handler);
      const failure = errorOf(run);
      await clock.settle();
      queue.failNext("receive", throws({ code, retryable: false }));
      await clock.advance("6s");
      expect(await failure).toMatchObject({ code });
      expect(track.done).toBe(1);
      expect(queue.acked).toEqual(["m"]);
      expect(events.of("receive-error")).toHaveLength(1);
      expect(queue.isClosed).toBe(true);
    },
  );

  test("of expired credentials are waited out for five minutes once it has worked", async () => {
    const { clock, queue, consumer } = consumerBench();
    const unauthenticated = throws({ code: "UNAUTHENTICATED", retryable: false });
    queue.put("first");
    const run = consumer.run(() => undefined);
    await clock.settle();
    queue.failNext("receive", unauthenticated, unauthenticated, unauthenticated);
    await clock.advance("1m");
    queue.put("second");
    await clock.advance("1s");
    expect(queue.acked).toEqual(["first", "second"]);

    const failure = errorOf(run);
    queue.failNext("receive", ...Array.from({ length: 100 }, () => unauthenticated));
    await clock.advance("10m");
    expect(await failure).toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("of wrong credentials are fatal at the first ask", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.failNext("receive", throws({ code: "UNAUTHENTICATED", retryable: false }));
    const failure = errorOf(consumer.run(() => undefined));
    await clock.advance("1s");
    expect(await failure).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(queue.count("receive")).toBe(1);
  });
});

describe("listeners and drivers that throw", () => {
  test("never end the loop", async () => {
    const { clock, queue, consumer } = consumerBench({
      driver: (one) => {
        const setFlow = async (): Promise<void> => await Promise.reject(new Error("no flow"));
        return Object.assign(Object.create(one) as typeof one, {
          setFlow,
          receiveBatch: one.receiveBatch.bind(one),
          ackBatch: one.ackBatch.bind(one),
          releaseBatch: one.releaseBatch.bind(one),
          extendBatch: one.extendBatch.bind(one),
          deadLetterBatch: one.deadLetterBatch.bind(one),
          open: one.open.bind(one),
          close: one.close.bind(one),
        });
      },
    });
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    queue.options?.events.fault(new Error("stream ended"));
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("synchronously at an ask are an error like any other", async () => {
    let throwsLeft = 2;
    const { clock, queue, consumer } = consumerBench({
      driver: (one) => {
        const wrapped = {
          ackBatch: one.ackBatch.bind(one),
          releaseBatch: one.releaseBatch.bind(one),
          close: one.close.bind(one),
          receiveBatch: (...args: Parameters<typeof one.receiveBatch>) => {
            if (throwsLeft-- > 0) throw new Error("at once");
            return one.receiveBatch(...args);
          },
        };
        return wrapped;
      },
    });
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.advance("2s");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });
});
