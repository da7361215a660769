import { describe, expect, test } from "vitest";
import { consumerBench, tracked } from "./consumer-bench.ts";

describe("pause", () => {
  test("stops new deliveries, gives back what has not started, and resumes", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { concurrency: 1, prefetch: 3 } });
    for (let index = 0; index < 6; index += 1) queue.put(`m${index}`);
    const { track, handler } = tracked(clock, 1_000);
    const run = consumer.run(handler);
    await clock.settle();
    consumer.pause();
    await clock.settle();
    expect(queue.released.map(({ id, delayMs, cause }) => [id, delayMs, cause])).toEqual([
      ["m1", 0, "unstarted"],
      ["m2", 0, "unstarted"],
      ["m3", 0, "unstarted"],
    ]);
    const asks = queue.count("receive");
    await clock.advance("1m");
    expect(track.done).toBe(1);
    expect(queue.count("receive")).toBe(asks);
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 0, lanes: 0 });
    consumer.resume();
    await clock.advance("10s");
    expect(track.done).toBe(6);
    expect(events.of("state").map(({ state }) => state)).toEqual(["started", "paused", "resumed"]);
    await consumer.close();
    await run;
  });

  test("before run holds from the start", async () => {
    const { clock, queue, consumer } = consumerBench();
    consumer.pause();
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.advance("1m");
    expect(queue.count("receive")).toBe(0);
    consumer.resume();
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });
});

describe("a rate limit", () => {
  test("holds across a restart of its consumer, as a supervisor makes after a failure", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { rateLimit: { count: 2, per: "10s" } } });
    for (let index = 0; index < 4; index += 1) queue.put(`m${index}`);
    const startsMs: number[] = [];
    for (const untilMs of [5_000, 12_000]) {
      const run = consumer.run(() => {
        startsMs.push(clock.now());
      });
      await clock.advance(untilMs - clock.now());
      await consumer.close();
      await run;
    }
    expect(startsMs).toEqual([0, 0, 10_000, 10_000]);
  });

  test("holds in every window, and takes no more from the queue than it may start", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { rateLimit: { count: 5, per: "10s" } } });
    for (let index = 0; index < 30; index += 1) queue.put(`m${index}`);
    const startsMs: number[] = [];
    const run = consumer.run(() => {
      startsMs.push(clock.now());
    });
    await clock.advance("45s");
    expect(startsMs).toHaveLength(25);
    for (let index = 5; index < startsMs.length; index += 1) {
      expect((startsMs[index] ?? 0) - (startsMs[index - 5] ?? 0)).toBeGreaterThanOrEqual(10_000);
    }
    expect(queue.leased).toBe(0);
    await consumer.close();
    await run;
  });

  test("turns no loop while it is a run that has to end", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { concurrency: 1, prefetch: 30, rateLimit: { count: 20, per: "1m" } },
    });
    const { track, handler } = tracked(clock, 20_000);
    for (let index = 0; index < 24; index += 1) queue.put(`m${index}`);
    const run = consumer.run(handler);
    await clock.advance("19s"); // with a spinning loop, this would never resolve
    expect(track.done).toBe(0);
    expect(queue.leased).toBe(20);
    const closed = consumer.close({ timeout: "5s" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});
