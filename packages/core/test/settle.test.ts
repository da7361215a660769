import { describe, expect, test } from "vitest";
import { consumerBench, errorOf } from "./consumer-bench.ts";
import { AMBIGUOUS, hangs, loses, throws, UNAVAILABLE } from "./fake-faults.ts";
import { failed } from "./fake-adapter.ts";

describe("a settlement", () => {
  test("shares requests within the limits of the service", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 25 } });
    for (let index = 0; index < 25; index += 1) queue.put(`m${index}`);
    const run = consumer.run(() => undefined);
    await clock.settle();
    const sizes = queue.calls.filter(({ operation }) => operation === "ack").map(({ items }) => items.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(25);
    expect(sizes.length).toBeLessThanOrEqual(5);
    await consumer.close();
    await run;
  });

  test("waits a little for company where requests cost money, and no longer", async () => {
    const { clock, queue, consumer } = consumerBench({
      limits: { receive: { maxItems: 10, maxWaitMs: 20_000, parallel: 1, billed: true } },
    });
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.count("ack")).toBe(0);
    await clock.advance(20);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("that fails for a time is repeated; the handler is not", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    queue.failNext("ack", throws(UNAVAILABLE), throws(UNAVAILABLE), throws(UNAVAILABLE));
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
    });
    await clock.advance("5s");
    expect(queue.acked).toEqual(["m"]);
    expect(queue.count("ack")).toBe(4);
    expect(runs).toBe(1);
    await consumer.close();
    await run;
  });

  test("keeps the lease alive between its tries", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    queue.failNext(
      "ack",
      ...Array.from({ length: 40 }, () => throws({ ...UNAVAILABLE, retryAfterMs: 10_000 })),
    );
    const run = consumer.run(() => undefined);
    await clock.advance("8m");
    expect(queue.acked).toEqual(["m"]);
    expect(queue.messages).toEqual([]);
    expect(events.of("settle-failed")).toEqual([]);
    expect(events.of("redelivery-acked")).toEqual([]);
    await consumer.close();
    await run;
  });

  test.each([0, 5, 9])(
    "fails alone in its batch at index %i; the others are not sent again",
    async (index) => {
      const { clock, queue, consumer } = consumerBench({ options: { concurrency: 10 } });
      for (let number = 0; number < 10; number += 1) queue.put(`m${number}`);
      queue.failNext("ack", (applied) => {
        // The fake queue applies all acks. The retry of the failed one finds its lease gone, and so succeeds.
        return applied().map((result, at) => (at === index ? failed(AMBIGUOUS) : result));
      });
      const run = consumer.run(() => undefined);
      await clock.advance("1s");
      expect(queue.itemsOf("ack")).toHaveLength(11);
      expect(queue.itemsOf("ack").at(-1)).toBe(`m${index}`);
      expect(queue.acked).toHaveLength(10);
      await consumer.close();
      await run;
    },
  );

  test("whose first try may have worked and whose repeat finds the lease gone is no loss", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    queue.failNext("ack", loses(AMBIGUOUS));
    const run = consumer.run(() => undefined);
    await clock.advance("1s");
    expect(events.of("lease-lost")).toEqual([]);
    expect(events.of("settle-failed")).toEqual([]);
    await consumer.close();
    expect(await run).toMatchObject({ handled: 1 });
  });

  test("that fails for good is reported, and the redelivery is acked without a run", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    queue.failNext("ack", throws({ code: "INTERNAL", retryable: false }));
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
    });
    await clock.settle();
    expect(events.of("settle-failed")).toMatchObject([{ id: "m", kind: "ack", error: { code: "INTERNAL" } }]);
    await clock.advance("61s");
    expect(runs).toBe(1);
    expect(queue.acked).toEqual(["m"]);
    expect(events.of("redelivery-acked")).toMatchObject([{ id: "m" }]);
    await consumer.close();
    await run;
  });

  test("that fails says nothing about a message of that number in a queue that was made anew", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("1", "old", { enqueuedAtMs: 1_000 });
    queue.failNext("ack", throws({ code: "INTERNAL", retryable: false }));
    const seen: unknown[] = [];
    const run = consumer.run(({ body }) => {
      seen.push(body);
    });
    await clock.settle();
    queue.messages = [];
    queue.put("1", "new", { enqueuedAtMs: 2_000 });
    await clock.advance("61s");
    expect(seen).toEqual(["old", "new"]);
    await consumer.close();
    await run;
  });

  test("that has no answer when its lease ends: the redelivery is acked without a run", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { lease: "10s" } });
    queue.put("m");
    queue.failNext("ack", hangs);
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
    });
    await clock.advance("12s"); // its request may take 15 s
    expect(runs).toBe(1);
    expect(queue.acked).toEqual(["m"]);
    expect(events.of("redelivery-acked")).toMatchObject([{ id: "m" }]);
    await clock.advance("10s");
    await consumer.close();
    expect(await run).toMatchObject({ handled: 1 });
  });

  test("remembers what it could not ack over a restart of the consumer", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    queue.failNext("ack", throws({ code: "INTERNAL", retryable: false }));
    let runs = 0;
    const count = (): void => {
      runs += 1;
    };
    const first = consumer.run(count);
    await clock.settle();
    await consumer.close();
    await first;
    const second = consumer.run(count);
    await clock.advance("61s");
    expect(queue.acked).toEqual(["m"]);
    expect(runs).toBe(1);
    await consumer.close();
    await second;
  });

  test("that the service refuses because the lease is gone is reported as lost and remembered", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    queue.failNext("ack", () => [failed({ code: "LEASE_LOST", retryable: false })]);
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
    });
    await clock.advance("61s");
    expect(events.of("lease-lost")).toMatchObject([{ id: "m" }]);
    expect(runs).toBe(1);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("that is never answered times out and is repeated", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    queue.failNext("ack", hangs);
    const run = consumer.run(() => undefined);
    await clock.advance("20s");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("stops the consumer when the right to settle is gone, once", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("a");
    queue.put("b");
    queue.failNext("ack", throws({ code: "ACCESS_DENIED", retryable: false }));
    const run = consumer.run(() => undefined);
    const failure = errorOf(run);
    await clock.advance("1s");
    expect(await failure).toMatchObject({ code: "ACCESS_DENIED" });
    expect(events.of("settle-failed")).toHaveLength(2);
    expect(queue.isClosed).toBe(true);
  });

  test("waits for credentials that are being renewed", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    queue.failNext(
      "ack",
      ...Array.from({ length: 5 }, () => throws({ code: "UNAUTHENTICATED", retryable: false })),
    );
    const run = consumer.run(() => undefined);
    await clock.advance("1m");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("of two deliveries of one id are independent", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("same", {}, { id: "same", providerId: "stored-1" });
    queue.put("same", {}, { id: "same", providerId: "stored-2" });
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
      if (runs === 1) throw new Error("the first of them");
    });
    await clock.settle();
    expect(queue.acked).toHaveLength(1);
    expect(queue.released).toHaveLength(1);
    await consumer.close();
    await run;
  });

  test("with fewer results than items is an error of the driver, not a guess", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("a");
    queue.put("b");
    queue.failNext("ack", () => [{ ok: true, value: undefined }]);
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(events.of("settle-failed").map(({ error }) => error.code)).toEqual(["INTERNAL", "INTERNAL"]);
    await consumer.close();
    await run;
  });
});
