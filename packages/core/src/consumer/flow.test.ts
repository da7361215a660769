import { describe, expect, test } from "vitest";
import { ordered, runningPipeline } from "../../test/pipeline-bench.ts";

describe("the flow that a driver is told", () => {
  test("is what can be taken at the start, as many lanes as handlers, and nothing in a pause and at the end", async () => {
    const bench = await runningPipeline({ options: { concurrency: 4, prefetch: 3 } });
    const { queue, consumer } = bench;
    expect(queue.flows).toEqual([{ maxOutstanding: 7, lanes: 4 }]);
    consumer.pause();
    consumer.concurrency = 6;
    expect(bench.flows()).toEqual([7, 0]);
    consumer.resume();
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 9, lanes: 6 });
    consumer.concurrency = 8;
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 11, lanes: 8 });
    await bench.stop();
    expect(bench.flows()).toEqual([7, 0, 9, 11, 0]);
  });

  test("grows at once, but only by more than a fifth; it shrinks with the next look", async () => {
    const bench = await runningPipeline({ details: { needs: ["ordering"] } });
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

  test("shrinks before a parked message goes back: a broker that pushes would send it here, where it must wait", async () => {
    const flowsAtRelease: (number | undefined)[] = [];
    const bench = await runningPipeline({
      capabilities: { releaseDelay: "none" },
      options: { concurrency: 1, retry: { delay: "3200ms" } },
      driver: (queue) => {
        const release = queue.releaseBatch.bind(queue);
        return Object.assign(queue, {
          releaseBatch: async (...call: Parameters<typeof release>) => {
            flowsAtRelease.push(queue.flows.at(-1)?.maxOutstanding);
            return await release(...call);
          },
        });
      },
    });
    const { clock, queue } = bench;
    queue.put("m");
    await clock.settle();
    await bench.fail("m");
    queue.put("n");
    await clock.settle();
    expect([bench.started, bench.flows()]).toEqual([
      ["m", "n"],
      [1, 2],
    ]);
    await clock.advance("3300ms");
    expect([flowsAtRelease, bench.flows()]).toEqual([[1], [1, 2, 1]]);
    await bench.stop();
  });

  test("does not grow again in a pause, whatever still comes in", async () => {
    const bench = await runningPipeline({ details: { needs: ["ordering"] } });
    const { clock, queue, consumer } = bench;
    for (const id of ["a0", "a1", "a2", "a3", "a4"]) queue.put(...ordered(id));
    consumer.pause();
    await clock.advance("3s");
    expect(bench.flows().at(-1)).toBe(0);
    await bench.stop();
  });

  test("that a driver refuses is a fault, and nothing ends for it", async () => {
    const bench = await runningPipeline({
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
    const bench = await runningPipeline({
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
