import { consumerBench, type BenchOptions, type ConsumerBench } from "./consumer-bench.ts";

/** A running consumer without prefetch, whose handlers the test ends. */
export async function runningPipeline(options: BenchOptions = {}): Promise<
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

/** Arguments of `put` for a message named after its key and number: "a0". */
export const ordered = (id: string): [string, unknown, { orderingKey: string }] => [
  id,
  {},
  { orderingKey: id.slice(0, 1) },
];
