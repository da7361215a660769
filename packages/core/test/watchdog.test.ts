import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";
import { hangs } from "./fake-faults.ts";

describe("the watchdog", () => {
  test("gives up an ask that never comes back, says so and goes on", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.failNext("receive", hangs);
    const run = consumer.run(() => undefined);
    await clock.advance("49s");
    expect(consumer.health().ready).toBe(true);
    await clock.advance("2s");
    expect(events.of("notice").map(({ text }) => text)).toEqual([
      expect.stringContaining("did not come back"),
    ]);
    queue.put("m");
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(consumer.health().ready).toBe(true);
    const closed = consumer.close();
    await clock.advance("2s");
    await closed;
    await run;
  });

  test("says not live after the event loop was blocked, and live again when it turns", async () => {
    const { clock, consumer } = consumerBench();
    const run = consumer.run(() => undefined);
    await clock.settle();
    clock.stall(15_000);
    expect(consumer.health()).toMatchObject({ live: false, ready: false });
    await clock.advance("1ms");
    expect(consumer.health().live).toBe(false);
    await clock.advance("2s");
    expect(consumer.health().live).toBe(true);
    await consumer.close();
    await run;
  });

  test("begins no message whose lease may have ended while the event loop was blocked", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 1 } });
    queue.failNext("receive", async () => {
      clock.stall(60_000); // a whole lease, from right after a check to the next one
      return [];
    });
    queue.put("m");
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
    });
    await clock.settle();
    expect(runs).toBe(0);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });

  test("takes the time that the event loop was blocked off the leases of what came meanwhile", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 1 } });
    queue.failNext("receive", async () => {
      clock.stall(40_000); // the reply waited in the socket while the event loop was blocked
      return [];
    });
    queue.put("m");
    let runs = 0;
    const run = consumer.run(async () => {
      runs += 1;
      if (runs === 1) await new Promise(() => {});
    });
    await clock.settle();
    expect(runs).toBe(1);
    await clock.advance("11s"); // half of the remaining 20 s
    expect(queue.count("extend")).toBe(1);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});
