import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

describe("where the service cannot delay a retry", () => {
  test("the core holds the lease for the delay and releases then; the permit is free meanwhile", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { concurrency: 1, retry: { delay: "45s" } },
      limits: { lease: { minMs: 0, maxMs: 10_000, totalMs: 3_600_000 } },
    });
    queue.put("m");
    queue.put("n");
    const seen: string[] = [];
    const run = consumer.run((message, { attempt }) => {
      seen.push(`${message.id}/${attempt}`);
      if (message.id === "m" && attempt === 1) throw new Error("later");
    });
    await clock.advance("44s");
    expect(queue.released).toEqual([]);
    expect(queue.leased).toBe(1);
    await clock.advance("2s");
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    expect(seen).toContain("m/2");
    await consumer.close();
    await run;
  });

  test("the back-off is capped at a minute", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { retry: { attempts: "unlimited" } },
      setup: { random: () => 0.999_999 },
    });
    queue.put("m", {}, { deliveryCount: 30 });
    const startsMs: number[] = [];
    const run = consumer.run(() => {
      startsMs.push(clock.now());
      throw new Error("always");
    });
    await clock.advance("121s");
    expect(startsMs).toEqual([0, 60_000, 120_000]);
    await consumer.close();
    await run;
  });

  test("a drain gives back what is held at once", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { retry: { delay: "45s" } },
    });
    queue.put("m");
    const run = consumer.run(() => {
      throw new Error("later");
    });
    await clock.settle();
    expect(await consumer.close()).toEqual({ handled: 0, released: 1, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    await run;
  });

  test("and where it takes nothing back, a failed message waits for the end of its lease", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { release: "none", releaseDelay: "none" },
    });
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new Error("later");
    });
    await clock.advance("59s");
    expect(queue.count("release")).toBe(0);
    await clock.advance("2s");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });
});
