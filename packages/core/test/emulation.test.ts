import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

describe("the emulation of delay and ttl", () => {
  test("gives an early message back with what remains, and handles it when due", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      capabilities: { releaseDelay: { maxMs: 60_000 } },
    });
    queue.put("m", {}, { attributes: { "aq-due": String(clock.wallNow() + 90_000) } });
    const seenAtMs: number[] = [];
    const run = consumer.run(() => seenAtMs.push(clock.now()));
    await clock.advance("5m");
    expect(queue.released.map(({ delayMs, cause }) => [delayMs, cause])).toEqual([
      [60_000, "unstarted"],
      [30_000, "unstarted"],
    ]);
    expect(seenAtMs).toEqual([90_000]);
    expect(events.of("emulated")).toEqual([{ target: "fake://here/orders", feature: "delay" }]);
    await consumer.close();
    await run;
  });

  test("acks an expired message without handling it", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("old", {}, { attributes: { "aq-exp": String(clock.wallNow() - 1) } });
    queue.put("fresh", {}, { attributes: { "aq-exp": String(clock.wallNow() + 1) } });
    const seen: string[] = [];
    const run = consumer.run((message) => seen.push(message.id));
    await clock.settle();
    expect(seen).toEqual(["fresh"]);
    expect(queue.acked.toSorted()).toEqual(["fresh", "old"]);
    expect(events.of("expired")).toMatchObject([{ id: "old" }]);
    await consumer.close();
    await run;
  });
});
