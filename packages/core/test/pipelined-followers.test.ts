import { describe, expect, test } from "vitest";
import { consumerBench, type ConsumerBench } from "./consumer-bench.ts";

/** A service that hands over followers although the head of their key is not settled, as seen on Pub/Sub. */
function pipelined(done: string[], failHead: (signal: AbortSignal) => Promise<void>) {
  const bench = consumerBench({
    details: { needs: ["ordering"] },
    capabilities: { followers: "drop" },
    options: { concurrency: 8, retry: { delay: "200ms" } },
  });
  bench.queue.put("a0", {}, { orderingKey: "a" });
  const run = bench.consumer.run(async (message, { attempt, signal }) => {
    if (message.id === "a0" && attempt === 1) await failHead(signal);
    done.push(message.id);
  });
  return { bench, run };
}

/** The ask that was open when the head failed is answered with another key; the follower comes later. */
async function bringFollower({ queue, clock }: ConsumerBench): Promise<void> {
  queue.put("b0", {}, { orderingKey: "b" });
  await clock.settle();
  queue.put("a1", {}, { orderingKey: "a" });
  const last = queue.messages.at(-1);
  if (last !== undefined) queue.messages = [last, ...queue.messages.slice(0, -1)];
}

describe("a later message is no proof that the failed one is done", () => {
  test("where only the connection was lost and the service keeps the lease", async () => {
    const done: string[] = [];
    const { bench, run } = pipelined(done, async (signal) => {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      throw new Error("stopped");
    });
    await bench.clock.settle();
    bench.queue.options?.events.leasesLost("all", new Error("the connection is gone"));
    await bench.clock.advance("30s");
    await bringFollower(bench);
    await bench.clock.advance("10s");
    expect(done).toEqual(["b0"]);
    bench.queue.messages.reverse();
    await bench.clock.advance("2m");
    expect(done).toEqual(["b0", "a0", "a1"]);
    await bench.consumer.close();
    await run;
  });
});
