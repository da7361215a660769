import { describe, expect, test } from "vitest";
import { createEventEngine } from "../src/consumer/event-engine.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { memoryIdempotencyStore, idempotency } from "../src/middleware/idempotency.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import type { ConsumerOptions, DrainReport, HandlerContext } from "../src/queue-consumer.ts";
import { createVirtualClock, delivery, type VirtualClock } from "../src/testing.ts";
import { consumerBench, type ConsumerBench } from "./consumer-bench.ts";

// A middleware that leaves while the handler behind it runs: Promise.race([next(), timeout(1_000)]).

type Hook = NonNullable<Middleware["handle"]>;

const late = new Error("the middleware's own time is over");

function raced(clock: () => VirtualClock, how: "throws" | "returns"): Middleware {
  const handle: Hook = async (_message, { attempt }, next) => {
    if (attempt > 1) return await next();
    const over = new Promise((resolve, reject) => {
      clock().setTimer(() => (how === "throws" ? reject(late) : resolve("early")), 1_000);
    });
    return await Promise.race([next(), over]);
  };
  return { name: "hasty", handle };
}

interface Left extends ConsumerBench {
  readonly begun: readonly string[];
  readonly contexts: readonly HandlerContext[];
  /** Ends the first run. */
  end(error?: Error): Promise<void>;
  close(): Promise<DrainReport>;
}

/** Messages a0 and a1 of one key, and b0 of another. The first run lasts until `end`, all others end at once. */
async function left(
  how: "throws" | "returns",
  options: ConsumerOptions = {},
  outer: readonly Middleware[] = [],
): Promise<Left> {
  const bench: ConsumerBench = consumerBench({
    details: { needs: ["ordering"] },
    options: { concurrency: 1, prefetch: 0, ...options },
    setup: { middleware: [...outer, raced(() => bench.clock, how)] },
  });
  for (const id of ["a0", "a1", "b0"]) bench.queue.put(id, {}, { orderingKey: id.slice(0, 1) });
  const begun: string[] = [];
  const contexts: HandlerContext[] = [];
  const first = Promise.withResolvers<void>();
  const run = bench.consumer.run(async ({ id }, context) => {
    begun.push(id);
    contexts.push(context);
    if (begun.length === 1) await first.promise;
  });
  await bench.clock.advance("1s");
  return {
    ...bench,
    begun,
    contexts,
    async end(error) {
      if (error === undefined) first.resolve();
      else first.reject(error);
      await bench.clock.settle();
    },
    async close() {
      const closed = bench.consumer.close({ timeout: "0ms" });
      await bench.clock.advance("20s");
      await run;
      return await closed;
    },
  };
}

describe("a middleware that throws while its handler runs", () => {
  test("tells the handler to stop, with its own error as the cause", async () => {
    const bench = await left("throws");
    expect(bench.contexts[0]?.signal.reason).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining('the middleware "hasty" threw'),
      target: "fake://here/orders",
      cause: late,
    });
    await bench.close();
  });

  test("keeps lease, key and permit until the handler has ended, and has failed then", async () => {
    const bench = await left("throws");
    await bench.clock.advance("10m");
    expect(bench.begun).toEqual(["a0"]); // neither again, nor the next of its key, nor another key's
    expect(bench.queue.count("release")).toBe(0);
    expect(bench.queue.count("extend")).toBeGreaterThan(10);
    await bench.end();
    expect(bench.events.of("handled")[0]).toMatchObject({
      id: "a0",
      outcome: "release",
      durationMs: 601_000,
      error: late,
    });
    await bench.clock.advance("1m");
    expect(bench.begun.filter((id) => id !== "b0")).toEqual(["a0", "a0", "a1"]);
    expect(bench.queue.acked.toSorted()).toEqual(["a0", "a1", "b0"]);
    await bench.close();
  });

  test("has failed with its own error, even if the handler throws another one", async () => {
    const bench = await left("throws");
    await bench.end(new Error("stopped"));
    expect(bench.events.of("handled")[0]?.error).toBe(late);
    await bench.close();
  });

  test("keeps the permit no longer than handlerTimeout, and the key until the end", async () => {
    const bench = await left("throws", { handlerTimeout: "5s", retry: { delay: "1s" } });
    await bench.clock.advance("1m");
    expect(bench.begun).toEqual(["a0", "b0"]);
    await bench.end();
    await bench.clock.advance("1m");
    expect(bench.begun).toEqual(["a0", "b0", "a0", "a1"]);
    await bench.close();
  });

  test("leaves a handler that a drain counts as abandoned", async () => {
    const bench = await left("throws");
    expect(await bench.close()).toMatchObject({ released: 1, abandoned: 1 });
  });

  test("keeps the claim of a middleware around it until the handler has ended", async () => {
    const store = memoryIdempotencyStore();
    const givenUp: string[] = [];
    const rollback = async (key: string): Promise<void> => {
      givenUp.push(key);
      await store.rollback(key);
    };
    const bench = await left("throws", {}, [idempotency({ store: { ...store, rollback } })]);
    expect(givenUp).toEqual([]); // another process could run the message now
    await bench.end();
    expect(givenUp).toEqual([expect.stringContaining("a0")]);
    await bench.close();
  });

  test("and calls next() after that starts no handler: its message comes again", async () => {
    let goOn: (() => unknown) | undefined;
    const hook: Middleware = {
      name: "hasty",
      async handle(_message, { attempt }, next) {
        if (attempt > 1) return await next();
        goOn = next;
        throw late;
      },
    };
    const { clock, queue, consumer } = consumerBench({ setup: { middleware: [hook] } });
    queue.put("m");
    let runs = 0;
    const run = consumer.run(() => (runs += 1));
    await clock.settle();
    await expect(goOn?.()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('"hasty" called next() after it threw'),
    });
    expect(runs).toBe(0);
    await clock.advance("1m");
    expect([runs, queue.acked]).toEqual([1, ["m"]]);
    await consumer.close();
    await run;
  });

  test("fails in a function when its handler has ended", async () => {
    const clock = createVirtualClock();
    const end = Promise.withResolvers<void>();
    let signal: AbortSignal | undefined;
    const engine = createEventEngine(
      defineQueue("orders"),
      {
        handler: async (_message, context) => {
          ({ signal } = context);
          await end.promise;
        },
      },
      { clock, middleware: [raced(() => clock, "throws")] },
    );
    const deliveries = [delivery<unknown>("m")];
    let outcome: unknown;
    const processed = engine
      .process({ deliveries, remainingMs: () => 30_000 - clock.now() })
      .then(({ outcomes: [one] }) => (outcome = one));
    await clock.advance("5s");
    expect([signal?.aborted, outcome]).toEqual([true, undefined]);
    end.resolve();
    await processed;
    expect(outcome).toMatchObject({ kind: "release", cause: "retry", error: late });
  });
});

test("a middleware that returns while its handler runs keeps lease, key and permit, and does not stop it", async () => {
  const bench = await left("returns");
  await bench.clock.advance("10m");
  expect(bench.begun).toEqual(["a0"]);
  expect(bench.contexts[0]?.signal.aborted).toBe(false);
  await bench.end();
  expect(bench.queue.acked[0]).toBe("a0");
  await bench.close();
});
