import { describe, expect, test } from "vitest";
import type { ConsumerOptions } from "../src/queue-consumer.ts";
import { consumerBench } from "./consumer-bench.ts";
import { FakeServiceError } from "./fake-adapter.ts";

describe("a batch whose handler does not end", () => {
  /** The first call hangs. */
  function hanging(options: ConsumerOptions) {
    const bench = consumerBench({ options: { concurrency: 1, retry: { delay: "1h" }, ...options } });
    const batches: string[][] = [];
    const run = bench.consumer.runBatch(
      async (messages) => {
        batches.push(messages.map(({ id }) => id));
        if (batches.length === 1) await new Promise(() => {});
      },
      { size: 2 },
    );
    const close = async (): Promise<void> => {
      const closed = bench.consumer.close({ timeout: "0s" });
      await bench.clock.advance("10s");
      await Promise.all([closed, run]);
    };
    return { ...bench, batches, close };
  }

  test("gives back its place at its time limit, as a message does", async () => {
    const { clock, queue, batches, close } = hanging({ handlerTimeout: "10s" });
    for (const id of ["a", "b", "c", "d"]) queue.put(id);
    await clock.advance("11s");
    expect(batches).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(queue.acked).toEqual(["c", "d"]);
    await close();
  });

  test("gives it back to a message that waits for its batch already", async () => {
    const { clock, queue, batches, close } = hanging({ handlerTimeout: "10s" });
    queue.put("a");
    await clock.settle();
    queue.put("b");
    await clock.advance("11s");
    expect(batches).toEqual([["a"], ["b"]]);
    await close();
  });

  test("and has lost its leases keeps its place as long as it could have had it", async () => {
    const { clock, queue, batches, close } = hanging({ handlerTimeout: "20s" });
    for (const id of ["a", "b"]) queue.put(id);
    await clock.advance("1s");
    queue.options?.events.leasesLost("all", new FakeServiceError({ code: "LEASE_LOST", retryable: false }));
    queue.put("c");
    await clock.advance("18s");
    expect(batches).toEqual([["a", "b"]]);
    await clock.advance("3s");
    expect(batches).toContainEqual(["c"]);
    await close();
  });
});
