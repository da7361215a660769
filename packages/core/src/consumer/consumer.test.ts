import { describe, expect, test } from "vitest";
import { consumerBench, errorOf, tracked } from "../../test/consumer-bench.ts";
import type { QueueConsumer } from "../queue-consumer.ts";

describe("a consumer", () => {
  test("refuses what cannot be an option, all at once, when it is made", () => {
    expect(() => consumerBench({ options: { concurrency: 0, prefetch: -1 } })).toThrow(
      /concurrency[\s\S]*prefetch/u,
    );
  });

  test("that does nothing is healthy, and has nothing to close", async () => {
    let closes = 0;
    const { consumer } = consumerBench({
      setup: {
        onClosed: () => {
          closes += 1;
        },
      },
    });
    expect(consumer.health()).toEqual({ live: true, ready: true, reasons: [] });
    expect(await consumer.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(closes).toBe(0);
    await expect(consumer.close({ timeout: "x" as "1s" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("says when it begins and ends to use the connection, run or pulled", async () => {
    const calls: string[] = [];
    const { clock, consumer } = consumerBench({
      setup: { onOpened: () => calls.push("opened"), onClosed: () => calls.push("closed") },
    });
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(calls).toEqual(["opened"]);
    await consumer.close();
    await run;
    await consumer.receive();
    await consumer.receive();
    expect(calls).toEqual(["opened", "closed", "opened"]);
    await consumer.close();
    expect(calls).toEqual(["opened", "closed", "opened", "closed"]);
  });

  test("begins nothing where its client is closed", async () => {
    const { queue, consumer } = consumerBench({
      setup: {
        onOpened: () => {
          throw new Error("closed");
        },
      },
    });
    await expect(consumer.run(() => undefined)).rejects.toThrow("closed");
    await expect(consumer.receive()).rejects.toThrow("closed");
    expect(queue.options).toBeUndefined();
  });

  test.each([
    ["run", "is running already"],
    ["receive", "is used with receive()"],
  ])("in use by %s says so to a second use", async (use, text) => {
    const { clock, consumer } = consumerBench();
    const run = use === "run" ? consumer.run(() => undefined) : undefined;
    if (use === "receive") await consumer.receive();
    await clock.settle();
    const refusal = { code: "INVALID_ARGUMENT", target: "fake://here/orders" };
    const second = await errorOf(consumer.run(() => undefined));
    expect(second).toMatchObject({ ...refusal, message: expect.stringContaining(text) });
    expect(second).toMatchObject({ remedy: expect.stringContaining("Close it") });
    expect(await errorOf(consumer.runBatch(async () => await Promise.resolve()))).toMatchObject(refusal);
    await consumer.close();
    await run;
  });

  test("that runs hands nothing over", async () => {
    const { clock, consumer } = consumerBench();
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(() => consumer[Symbol.asyncIterator]()).toThrow("running already");
    await consumer.close();
    await run;
  });

  test("that pulled may run after its close, and pull after that", async () => {
    const { clock, queue, consumer } = consumerBench();
    await consumer.receive();
    await consumer.close();
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
    queue.put("n");
    expect(await consumer.receive()).toHaveLength(1);
    await consumer.close();
  });

  test.each([
    ["run", async (consumer: QueueConsumer<unknown>) => await consumer.run(() => undefined)],
    ["receive", async (consumer: QueueConsumer<unknown>) => await consumer.receive()],
  ])("refuses every use while a close is under way, and no longer: %s", async (_name, use) => {
    const calls: string[] = [];
    const { clock, queue, consumer } = consumerBench({
      setup: { onOpened: () => calls.push("opened"), onClosed: () => calls.push("closed") },
    });
    const used = use(consumer);
    await clock.settle();
    const closed = Promise.all([consumer.close(), consumer.close()]);
    const refusal = { code: "CLOSED", target: "fake://here/orders" };
    expect(await errorOf(consumer.run(() => undefined))).toMatchObject(refusal);
    expect(await errorOf(consumer.runBatch(async () => {}))).toMatchObject(refusal);
    expect(await errorOf(consumer.receive())).toMatchObject(refusal);
    expect(() => consumer[Symbol.asyncIterator]()).toThrow(expect.objectContaining(refusal));
    await closed;
    expect(calls).not.toHaveLength(1);
    calls.length = 0;
    queue.put("m");
    const run = consumer.run(() => undefined); // at once: a close that has resolved is over
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(calls).toEqual(["opened"]);
    await consumer.close();
    await Promise.all([used, run]);
  });

  test("that was paused and resumed before its run is not paused in it", async () => {
    const { clock, queue, consumer } = consumerBench();
    consumer.pause();
    consumer.resume();
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("may run again after a start that failed", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.openFailures = [new Error("no")];
    await expect(consumer.run(() => undefined)).rejects.toMatchObject({ code: "INTERNAL" });
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test.each([
    ["run", "run: expected a handler, got string"],
    ["runBatch", "runBatch: expected a handler, got string"],
  ] as const)("refuses a handler of %s that is none", async (method, text) => {
    const { consumer } = consumerBench();
    expect(String(await errorOf(consumer[method]("handler" as never)))).toContain(text);
  });
});

describe("middleware", () => {
  test("wraps handlers, of batches too; what wraps none is left out", async () => {
    const seen: string[] = [];
    const { clock, queue, consumer } = consumerBench({
      setup: {
        middleware: [
          { name: "sends only", send: async (draft, next) => await next(draft) },
          {
            name: "outer",
            handle: async ({ id }, _context, next, target) => {
              seen.push(`before ${id} of ${target}`);
              await next();
              seen.push(`after ${id}`);
            },
          },
        ],
      },
    });
    queue.put("m");
    const run = consumer.runBatch(async (messages) => {
      seen.push(...messages.map(({ id }) => id));
      await Promise.resolve();
    });
    await clock.settle();
    expect(seen).toEqual(["before m of fake://here/orders", "m", "after m"]);
    await consumer.close();
    await run;
  });
});

describe("a consumer of batches", () => {
  test("may take them one by one", async () => {
    const { clock, queue, consumer } = consumerBench();
    for (const id of ["a", "b"]) queue.put(id);
    const sizes: number[] = [];
    const run = consumer.runBatch(
      async (messages) => {
        sizes.push(messages.length);
        await Promise.resolve();
      },
      { size: 1 },
    );
    await clock.settle();
    expect(sizes).toEqual([1, 1]);
    await consumer.close();
    await run;
  });

  test("takes ten at once where nothing is said, for each of its handlers", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 2, prefetch: 0 } });
    for (let index = 0; index < 50; index += 1) queue.put(`m${index}`);
    const sizes: number[] = [];
    const run = consumer.runBatch(async (messages) => {
      sizes.push(messages.length);
      await new Promise(() => {});
    });
    await clock.settle();
    expect([sizes, queue.leased]).toEqual([[10, 10], 20]);
    consumer.concurrency = 3;
    await clock.settle();
    expect([sizes, queue.leased]).toEqual([[10, 10, 10], 30]);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

describe("the concurrency", () => {
  test("may be set before a run, and is refused where it is none", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { prefetch: 0 } });
    expect(consumer.concurrency).toBe(10);
    expect(() => {
      consumer.concurrency = 1.5;
    }).toThrow("INVALID_ARGUMENT");
    consumer.concurrency = 3;
    for (let index = 0; index < 9; index += 1) queue.put(`m${index}`);
    const { track, handler } = tracked(clock, 1_000);
    const run = consumer.run(handler);
    await clock.settle();
    expect([consumer.concurrency, track.now]).toEqual([3, 3]);
    const closed = consumer.close();
    await clock.advance("2s");
    await closed;
    await run;
  });
});
