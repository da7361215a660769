import { expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

test("what comes after a failed message that went elsewhere runs, where the driver keeps back what is early", async () => {
  const bench = consumerBench({
    details: { needs: ["ordering"] },
    capabilities: { followers: "drop" },
    options: { concurrency: 8, prefetch: 20, retry: { delay: "0s" } },
  });
  bench.queue.put("a0", {}, { orderingKey: "a" });
  const done: string[] = [];
  const run = bench.consumer.run((message) => {
    if (message.id === "a0") {
      // Another consumer gets it next.
      bench.queue.messages.splice(0);
      throw new Error("head fails");
    }
    done.push(message.id);
  });
  await bench.clock.advance("1s");
  expect(bench.queue.itemsOf("release")).toEqual(["a0"]);
  // The ask that brings it was out when the failed one was given back.
  bench.queue.put("a1", {}, { orderingKey: "a" });
  await bench.clock.advance("1s");
  expect(done).toEqual(["a1"]);
  await bench.consumer.close();
  await run;
});
