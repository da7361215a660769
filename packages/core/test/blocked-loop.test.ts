import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

describe("a handler with a time limit", () => {
  const bench = (): ReturnType<typeof consumerBench> =>
    consumerBench({ options: { lease: "60s", handlerTimeout: "20s" } });

  test("may still end after another one has blocked the event loop beyond that limit", async () => {
    const { clock, queue, consumer, events } = bench();
    const answer = Promise.withResolvers<void>();
    queue.put("m");
    const run = consumer.run(async () => await answer.promise);
    await clock.settle();
    clock.stall(25_000);
    await clock.advance(0); // timers come first: the handler's own answer is read after them
    answer.resolve();
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(events.of("handled")).toMatchObject([{ outcome: "ack" }]);
    await consumer.close();
    await run;
  });

  test("is given up a second later at the latest, however often the event loop is blocked", async () => {
    const { clock, queue, consumer, events } = bench();
    queue.put("m");
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.settle();
    clock.stall(25_000);
    await clock.advance(0);
    expect(events.of("handled")).toEqual([]);
    clock.stall(2_000);
    await clock.advance(0);
    expect(events.of("handled")).toMatchObject([{ outcome: "release", error: { code: "TIMEOUT" } }]);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("5s");
    await closed;
    await run;
  });
});

test("a request for messages that was out while the event loop was blocked is not given up for it", async () => {
  const { clock, queue, consumer, events } = consumerBench();
  const answered = Promise.withResolvers<void>();
  queue.failNext("receive", async () => {
    await answered.promise;
    return [];
  });
  const run = consumer.run(() => undefined);
  await clock.settle();
  clock.stall(120_000);
  await clock.advance(0); // the watchdog wakes before the answer is read
  answered.resolve();
  await clock.settle();
  expect(queue.count("receive")).toBe(1);
  expect(events.of("notice")).toEqual([]);
  const closed = consumer.close({ timeout: "0ms" });
  await clock.advance("5s");
  await closed;
  await run;
});
