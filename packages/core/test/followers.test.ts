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
      // Another consumer gets the failed message next.
      bench.queue.messages.splice(0);
      throw new Error("head fails");
    }
    done.push(message.id);
  });
  await bench.clock.advance("1s");
  expect(bench.queue.itemsOf("release")).toEqual(["a0"]);
  // This follower comes with an ask that was open when the failed message was released.
  bench.queue.put("a1", {}, { orderingKey: "a" });
  await bench.clock.advance("1s");
  expect(done).toEqual(["a1"]);
  await bench.consumer.close();
  await run;
});

test.each(["while the first runs", "while the first waits for its retry"])(
  "a session that is lost %s comes again in its order",
  async (when) => {
    const { clock, queue, consumer } = consumerBench({
      details: { needs: ["ordering"] },
      capabilities: { ordering: "by-key", followers: "hold", lease: "shared", releaseDelay: "none" },
      options: { concurrency: 8, retry: { delay: "20s" } },
    });
    const over = { orderingKey: "a", leaseKey: "a" };
    for (const id of ["m0", "m1", "m2"]) queue.put(id, {}, over);
    const begun: string[] = [];
    const run = consumer.run(async ({ id }, { signal }) => {
      begun.push(id);
      if (begun.length > 1) return;
      if (when === "while the first waits for its retry") throw new Error("fails");
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("stopped"));
        });
      });
    });
    await clock.advance("1s");
    expect(begun).toEqual(["m0"]);
    // The ask that returns the messages again was already open.
    queue.options?.events.leasesLost({ leaseKey: "a" }, new Error("the session is gone"));
    queue.expire("m0", "m1", "m2");
    await clock.advance("10s");
    expect(begun).toEqual(["m0", "m0", "m1", "m2"]);
    await consumer.close();
    await run;
  },
);
