import { describe, expect, test } from "vitest";
import { consumerBench, type BenchOptions, type ConsumerBench } from "../../test/consumer-bench.ts";
import { FAKE_LIMITS } from "../../test/fake-adapter.ts";

/** A consumer that runs, and whose handlers the test ends; nothing is fetched ahead. */
async function running(options: BenchOptions = {}): Promise<
  ConsumerBench & {
    readonly started: readonly string[];
    readonly flows: () => readonly number[];
    readonly end: (id: string) => Promise<void>;
    readonly fail: (id: string) => Promise<void>;
    readonly stop: () => Promise<void>;
  }
> {
  const bench = consumerBench({ ...options, options: { prefetch: 0, ...options.options } });
  const { clock, queue, consumer } = bench;
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const run = consumer.run(async ({ id }) => {
    started.push(id);
    const end = Promise.withResolvers<void>();
    ends.set(id, end);
    await end.promise;
  });
  await clock.settle();
  return {
    ...bench,
    started,
    flows: () => queue.flows.map(({ maxOutstanding }) => maxOutstanding),
    async end(id) {
      ends.get(id)?.resolve();
      await clock.settle();
    },
    async fail(id) {
      ends.get(id)?.reject(new Error("no"));
      await clock.settle();
    },
    async stop() {
      const closed = consumer.close({ timeout: "0ms" });
      await clock.advance("10s");
      await closed;
      await run;
    },
  };
}

const ordered = (id: string): [string, unknown, { orderingKey: string }] => [
  id,
  {},
  { orderingKey: id.slice(0, 1) },
];

describe("the flow that a driver is told", () => {
  test("is what can be taken at the start, as many lanes as handlers, and nothing in a pause and at the end", async () => {
    const bench = await running({ options: { concurrency: 4, prefetch: 3 } });
    const { queue, consumer } = bench;
    expect(queue.flows).toEqual([{ maxOutstanding: 7, lanes: 4 }]);
    consumer.pause();
    consumer.concurrency = 6;
    expect(bench.flows()).toEqual([7, 0]);
    consumer.resume();
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 9, lanes: 6 });
    await bench.stop();
    expect(bench.flows()).toEqual([7, 0, 9, 0]);
  });

  test("grows at once, but only by more than a fifth; it shrinks with the next look", async () => {
    const bench = await running({ details: { needs: ["ordering"] } });
    const { clock, queue } = bench;
    queue.put(...ordered("a0"));
    queue.put(...ordered("a1")); // one behind its key: room for two more
    await clock.advance(1_500);
    expect(bench.flows()).toEqual([10]);
    queue.put(...ordered("b0"));
    queue.put(...ordered("b1"));
    await clock.settle();
    expect(bench.flows()).toEqual([10, 14]);
    for (const id of ["a0", "b0", "a1", "b1"]) await bench.end(id);
    expect(bench.flows()).toEqual([10, 14]);
    await clock.advance(500);
    expect(bench.flows()).toEqual([10, 14, 10]);
    await clock.advance("5s");
    expect(bench.flows()).toEqual([10, 14, 10]);
    await bench.stop();
  });

  test("does not grow again in a pause, whatever still comes in", async () => {
    const bench = await running({ details: { needs: ["ordering"] } });
    const { clock, queue, consumer } = bench;
    for (const id of ["a0", "a1", "a2", "a3", "a4"]) queue.put(...ordered(id));
    consumer.pause();
    await clock.advance("3s");
    expect(bench.flows().at(-1)).toBe(0);
    await bench.stop();
  });

  test("that a driver refuses is a fault, and nothing ends for it", async () => {
    const bench = await running({
      driver: (queue) =>
        Object.assign(queue, { setFlow: async () => await Promise.reject(new Error("no flow")) }),
    });
    const { clock, queue, events } = bench;
    expect(events.of("receive-error")).toMatchObject([
      {
        target: "fake://here/orders",
        failures: 1,
        delayMs: 0,
        error: { code: "INTERNAL", operation: "receive" },
      },
    ]);
    queue.put("m");
    await clock.settle();
    expect(bench.started).toEqual(["m"]);
    await bench.stop();
  });

  test("is not told to a driver that takes none", async () => {
    const bench = await running({
      driver: (queue) => ({
        receiveBatch: queue.receiveBatch.bind(queue),
        ackBatch: queue.ackBatch.bind(queue),
        releaseBatch: queue.releaseBatch.bind(queue),
        close: queue.close.bind(queue),
      }),
    });
    bench.queue.put("m");
    await bench.clock.advance("3s");
    expect(bench.started).toEqual(["m"]);
    await bench.stop();
    expect(bench.queue.flows).toEqual([]);
  });
});

describe("an ordered queue", () => {
  test("waits for a failed message five seconds longer than its delay, then goes on with its key", async () => {
    const bench = await running({
      details: { needs: ["ordering"] },
      capabilities: { followers: "hold" },
      options: { retry: { delay: "10s" } },
    });
    const { clock, queue } = bench;
    queue.put(...ordered("a0"));
    queue.put(...ordered("a1"));
    await clock.settle();
    await bench.fail("a0");
    queue.messages = queue.messages.filter(({ id }) => id !== "a0"); // somebody else settled it
    await clock.advance(14_500);
    expect(bench.started).toEqual(["a0"]);
    await clock.advance(1_500);
    expect(bench.started).toEqual(["a0", "a1"]);
    await bench.stop();
  });

  test("hands the key on to what the service brings once that time is over", async () => {
    const bench = await running({
      details: { needs: ["ordering"] },
      options: { retry: { delay: "10s" } },
    });
    const { clock, queue } = bench;
    queue.put(...ordered("a0"));
    await clock.settle();
    await bench.fail("a0");
    queue.messages = [];
    await clock.advance("11s");
    queue.put(...ordered("a1"));
    await clock.settle();
    expect(bench.started).toEqual(["a0", "a1"]);
    await bench.stop();
  });

  test("is not kept where the target keeps none", async () => {
    const bench = await running({ capabilities: { ordering: "none" } });
    bench.queue.put(...ordered("a0"));
    bench.queue.put(...ordered("a1"));
    await bench.clock.settle();
    expect(bench.started).toEqual(["a0", "a1"]);
    await bench.stop();
  });
});

describe("a rate", () => {
  test("that allows starts again makes the next ask", async () => {
    const bench = await running({ options: { rateLimit: { count: 2, per: "10s" } } });
    const { clock, queue } = bench;
    for (const id of ["a", "b", "c"]) queue.put(id);
    await clock.settle();
    expect(bench.started).toEqual(["a", "b"]);
    expect(queue.leased).toBe(2);
    await clock.advance("10s");
    expect(bench.started).toEqual(["a", "b", "c"]);
    await bench.stop();
  });
});

describe("the end", () => {
  test("waits for nobody where no handler runs, and reports what it gave back", async () => {
    const bench = await running({ options: { concurrency: 1, prefetch: 2 } });
    const { clock, queue, consumer } = bench;
    for (const id of ["a", "b", "c"]) queue.put(id);
    await clock.settle();
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("1s");
    expect(queue.released.map(({ id }) => id)).toEqual(["b", "c"]);
    await bench.fail("a"); // it stopped for its signal, which is not a failure
    expect(await closed).toEqual({ handled: 0, released: 3, abandoned: 0 });
    expect(queue.released.at(-1)).toMatchObject({ id: "a", cause: "unstarted" });
  });

  test.each([
    ["acks it then", [{ ok: true, value: { providerId: "d" } }], { handled: 1, acked: ["m"], released: [] }],
    [
      "gives it back at once if that fails",
      [{ ok: false, error: new Error("no") }],
      { handled: 0, acked: [], released: ["m"] },
    ],
  ] as const)(
    "waits for a dead letter that is on its way to its queue, and %s",
    async (_what, answer, end) => {
      const copied = Promise.withResolvers<typeof answer>();
      const settledAfterClose: boolean[] = [];
      const bench = await running({
        capabilities: { deadLetter: "none", releaseDelay: "none" },
        options: { retry: { attempts: 1 } },
        deadLetters: async () => await copied.promise,
        driver: (queue) => ({
          receiveBatch: queue.receiveBatch.bind(queue),
          ackBatch: async (handles) => {
            settledAfterClose.push(queue.isClosed);
            return await queue.ackBatch(handles);
          },
          releaseBatch: async (items) => {
            settledAfterClose.push(queue.isClosed);
            return await queue.releaseBatch(items);
          },
          close: queue.close.bind(queue),
        }),
      });
      const { clock, queue, consumer } = bench;
      queue.put("m");
      await clock.settle();
      await bench.fail("m");
      const closed = consumer.close();
      await clock.advance(100);
      expect(queue.isClosed).toBe(false);
      copied.resolve(answer);
      await clock.settle();
      expect(await closed).toMatchObject({ handled: end.handled });
      expect([queue.acked, queue.released.map(({ id }) => id)]).toEqual([end.acked, end.released]);
      expect(settledAfterClose).toEqual([false]);
    },
  );

  test("parks nothing any more", async () => {
    const bench = await running({
      capabilities: { releaseDelay: "none" },
      options: { retry: { delay: "30s" } },
    });
    const { clock, queue, consumer } = bench;
    queue.put("m");
    await clock.settle();
    const closed = consumer.close({ timeout: "20s" });
    await clock.settle();
    await bench.fail("m");
    expect(await closed).toEqual({ handled: 0, released: 0, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
  });

  test("leaves no timer", async () => {
    const bench = await running({ limits: { receive: { ...FAKE_LIMITS.receive, billed: true } } });
    bench.queue.put("m");
    await bench.clock.settle();
    await bench.end("m");
    await bench.consumer.close();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.queue.acked).toEqual(["m"]);
  });
});
