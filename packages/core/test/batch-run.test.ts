import { describe, expect, test } from "vitest";
import type { HandlerContext, Message } from "../src/queue-consumer.ts";
import { consumerBench } from "./consumer-bench.ts";

describe("runBatch", () => {
  test("hands over up to size messages that are there, and acks all when it returns nothing", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 2 } });
    for (let index = 0; index < 25; index += 1) queue.put(`m${index}`, { index });
    const sizes: number[] = [];
    const run = consumer.runBatch(
      async (messages) => {
        sizes.push(messages.length);
        await Promise.resolve();
      },
      { size: 10 },
    );
    await clock.settle();
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(25);
    expect(Math.max(...sizes)).toBe(10);
    expect(queue.acked).toHaveLength(25);
    await consumer.close();
    await run;
  });

  test("waits for a batch to fill, but no longer than allowed", async () => {
    const { clock, queue, consumer } = consumerBench();
    const batches: string[][] = [];
    const run = consumer.runBatch(
      async (messages) => {
        batches.push(messages.map(({ id }) => id));
        await Promise.resolve();
      },
      { size: 3, wait: "5s" },
    );
    await clock.settle();
    queue.put("a");
    await clock.advance("2s");
    queue.put("b");
    await clock.advance("2s");
    expect(batches).toEqual([]);
    await clock.advance("1s");
    expect(batches).toEqual([["a", "b"]]);
    for (const id of ["c", "d", "e"]) queue.put(id);
    await clock.settle();
    expect(batches.at(-1)).toEqual(["c", "d", "e"]);
    await consumer.close();
    await run;
  });

  test("retries the failed items alone", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { delay: "1s" } } });
    for (const id of ["a", "b", "c"]) queue.put(id);
    const seen: string[][] = [];
    const run = consumer.runBatch(
      async (messages) => {
        seen.push(messages.map(({ id }) => id));
        return await Promise.allSettled(
          messages.map(async ({ id }) => {
            if (id === "b" && seen.length === 1) throw new Error("b fails");
            return await Promise.resolve(id);
          }),
        );
      },
      { size: 3 },
    );
    await clock.advance("2s");
    expect(seen).toEqual([["a", "b", "c"], ["b"]]);
    expect(queue.released).toMatchObject([{ id: "b", delayMs: 1_000, cause: "retry" }]);
    expect(queue.acked.toSorted()).toEqual(["a", "b", "c"]);
    await consumer.close();
    await run;
  });

  test("that throws has failed for all of its messages", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { attempts: 1 } } });
    for (const id of ["a", "b"]) queue.put(id);
    const run = consumer.runBatch(async () => await Promise.reject(new Error("all fail")), { size: 2 });
    await clock.settle();
    expect(queue.dead.map(({ id, deadDescription }) => [id, deadDescription])).toEqual([
      ["a", "Error: all fail"],
      ["b", "Error: all fail"],
    ]);
    await consumer.close();
    await run;
  });

  test.each([
    [
      "too few results",
      async () => await Promise.resolve([{ status: "fulfilled", value: 1 }]),
      "1 results for 2",
    ],
    ["no array", async () => await Promise.resolve("done"), "string for 2"],
    ["something else", async () => await Promise.resolve([1, 2]), "not a PromiseSettledResult"],
  ])("with %s has failed for all, and says why", async (_what, handler, text) => {
    const { clock, queue, consumer, events } = consumerBench();
    for (const id of ["a", "b"]) queue.put(id);
    const run = consumer.runBatch(handler as never, { size: 2 });
    await clock.settle();
    expect(queue.acked).toEqual([]);
    const errors = events.of("handled").map(({ error }) => String(error));
    expect(errors).toEqual([expect.stringContaining(text), expect.stringContaining(text)]);
    await consumer.close();
    await run;
  });

  test("never runs more than concurrency batches", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 2 } });
    for (let index = 0; index < 60; index += 1) queue.put(`m${index}`);
    let now = 0;
    let most = 0;
    const run = consumer.runBatch(
      async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise<void>((resolve) => {
          clock.setTimer(resolve, 100);
        });
        now -= 1;
      },
      { size: 5 },
    );
    await clock.advance("10s");
    expect(most).toBe(2);
    expect(queue.acked).toHaveLength(60);
    await consumer.close();
    await run;
  });

  test("holds one message of an ordering key at most in a batch", async () => {
    const { clock, queue, consumer } = consumerBench();
    for (let index = 0; index < 3; index += 1) {
      for (const key of ["a", "b"]) queue.put(`${key}${index}`, {}, { orderingKey: key });
    }
    const batches: (readonly (string | undefined)[])[] = [];
    const run = consumer.runBatch(
      async (messages) => {
        batches.push(messages.map(({ orderingKey }) => orderingKey));
        await Promise.resolve();
      },
      { size: 10 },
    );
    await clock.settle();
    expect(batches.every((keys) => new Set(keys).size === keys.length)).toBe(true);
    expect(queue.acked).toHaveLength(6);
    await consumer.close();
    await run;
  });

  test("gives a context over the whole batch", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { handlerTimeout: "30s" } });
    queue.put("a");
    queue.put("b", {}, { deliveryCount: 5 });
    let given: { context: HandlerContext; messages: readonly Message<unknown>[] } | undefined;
    const run = consumer.runBatch(
      async (messages, context) => {
        given = { messages, context };
        expect(context.signal.aborted).toBe(false);
        await new Promise(() => {});
      },
      { size: 2 },
    );
    await clock.settle();
    const { context } = given ?? {};
    expect(context).toMatchObject({ attempt: 5, isLastAttempt: true });
    expect(context?.deadline?.getTime()).toBe(clock.wallNow() + 30_000);
    expect(context?.log).toBeDefined();
    await context?.extend("5m");
    expect(queue.messages.every(({ visibleAtMs }) => visibleAtMs === 300_000)).toBe(true);
    const head = queue.messages.find(({ id }) => id === "a");
    queue.options?.events.leasesLost({ handles: [head?.handle ?? ""] }, new Error("one is lost"));
    expect(context?.signal.aborted).toBe(false);
    await clock.advance("30s");
    expect(context?.signal.aborted).toBe(true);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });

  test.each([
    [{ size: 0 }, "runBatch.size"],
    [{ wait: "x" }, "runBatch.wait"],
    [{ sise: 3 }, 'did you mean "size"'],
  ])("refuses %o", async (options, text) => {
    const { consumer } = consumerBench();
    const run = consumer.runBatch(async () => await Promise.resolve(), options as never);
    await expect(run).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(text),
    });
  });

  test("waits for no more once it closes", async () => {
    const { clock, queue, consumer } = consumerBench();
    const batches: string[][] = [];
    const run = consumer.runBatch(
      async (messages) => {
        batches.push(messages.map(({ id }) => id));
        await Promise.resolve();
      },
      { size: 10, wait: "1m" },
    );
    for (const id of ["a", "b"]) queue.put(id);
    await clock.settle();
    const closed = consumer.close();
    await clock.settle();
    expect(batches).toEqual([["a", "b"]]);
    expect(await closed).toEqual({ handled: 2, released: 0, unsettled: 0, abandoned: 0 });
    await run;
    expect(clock.pendingTimers).toBe(0);
  });

  test("starts what waits for room as soon as the concurrency allows it", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 1 } });
    const batches: string[][] = [];
    const end = Promise.withResolvers<void>();
    const run = consumer.runBatch(
      async (messages) => {
        batches.push(messages.map(({ id }) => id));
        await end.promise;
      },
      { size: 10 },
    );
    queue.put("a");
    await clock.settle();
    queue.put("b");
    await clock.settle();
    expect(batches).toEqual([["a"]]);
    consumer.concurrency = 2;
    await clock.settle();
    expect(batches).toEqual([["a"], ["b"]]);
    end.resolve();
    await consumer.close();
    await run;
  });
});

describe("the time of a batch's handler begins with its call", () => {
  test("not while the batch fills", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { handlerTimeout: "10s" } });
    queue.put("m");
    const calls: number[] = [];
    const run = consumer.runBatch(async () => void calls.push(clock.now()), { size: 10, wait: "20s" });
    await clock.advance("1m");
    expect(calls).toEqual([20_000]);
    expect(events.of("handled")).toMatchObject([{ attempt: 1, outcome: "ack", durationMs: 0 }]);
    await consumer.close();
    await run;
  });

  test("not while other batches run, and it ends handlerTimeout after the call", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      options: { handlerTimeout: "10s", concurrency: 1 },
    });
    const aborts: number[] = [];
    const run = consumer.runBatch(
      async ([message], { signal, deadline }) => {
        expect(deadline?.getTime()).toBe(clock.wallNow() + 10_000);
        signal.addEventListener("abort", () => aborts.push(clock.now()));
        await new Promise<void>((resolve) => {
          clock.setTimer(resolve, message?.id === "slow" ? 30_000 : 6_000);
        });
      },
      { size: 10 },
    );
    queue.put("first");
    await clock.advance("1s");
    queue.put("second");
    await clock.advance("20s");
    expect(queue.acked).toEqual(["first", "second"]);
    expect(aborts).toEqual([]);
    const startedAtMs = clock.now();
    queue.put("slow");
    await clock.advance("15s");
    expect(aborts).toEqual([startedAtMs + 10_000]);
    expect(events.of("handled").at(-1)).toMatchObject({ id: "slow", outcome: "release", durationMs: 10_000 });
    const closed = consumer.close({ timeout: "0s" });
    await clock.advance("1m");
    await Promise.all([closed, run]);
  });
});
