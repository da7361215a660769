import { expect, test } from "vitest";
import { consumerBench, type BenchOptions } from "./consumer-bench.ts";
import { slow } from "./slow-schema.ts";

// Before a handler begins, something else may take its time. Its message may be gone by then, and somebody else runs it.

const verdict = { current: Promise.withResolvers<void>() };

const waits: readonly (readonly [string, () => BenchOptions])[] = [
  ["a schema that answers", () => ({ details: { schema: slow(verdict.current.promise) } })],
  ["a schema that refuses", () => ({ details: { schema: slow(verdict.current.promise, "no") } })],
  [
    "a middleware that goes on",
    () => ({
      setup: {
        middleware: [
          {
            name: "waits",
            handle: async (_message, _context, next) => {
              await verdict.current.promise;
              return await next();
            },
          },
        ],
      },
    }),
  ],
];

const ends: readonly (readonly [string, (bench: ReturnType<typeof consumerBench>) => void])[] = [
  ["its time is over", () => {}],
  ["a close has given it back", ({ consumer }) => void consumer.close({ timeout: "0ms" })],
  ["its lease is lost", ({ queue }) => queue.options?.events.leasesLost("all", new Error("gone"))],
];

test.each(waits.flatMap(([wait, options]) => ends.map(([why, end]) => [wait, why, options, end] as const)))(
  "no handler begins behind %s when %s",
  async (_wait, _why, options, end) => {
    verdict.current = Promise.withResolvers();
    let runs = 0;
    const onInvalid = (): void => void (runs += 1);
    const bench = consumerBench({
      options: { handlerTimeout: "5s", retry: { delay: "1h" }, onInvalid },
      ...options(),
    });
    const { clock, queue, consumer } = bench;
    queue.put("m").visibleAtMs = 0;
    const run = consumer.run(() => (runs += 1));
    await clock.settle();
    end(bench);
    await clock.advance("10s");
    verdict.current.resolve();
    await clock.settle();
    expect(runs).toBe(0);
    expect([queue.acked, queue.dead]).toEqual([[], []]);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("10s");
    await Promise.all([closed, run]);
  },
);
