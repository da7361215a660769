import { describe, expect, test } from "vitest";
import { consumerBench, type ConsumerBench } from "./consumer-bench.ts";

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

describe("a request for messages that was out while the event loop was blocked for a whole lease", () => {
  const blocked = async ({ clock }: Pick<ConsumerBench, "clock">): Promise<void> => {
    await clock.settle();
    clock.stall(8_000);
    await clock.advance(0); // the watchdog wakes before anything is read
  };

  // What is read at first may have been handed out before the block, and may have another holder by now.
  test.each([
    ["drops what is read in the next second", 900, 2],
    ["keeps what comes when all that had waited has been read", 1_100, 1],
  ] as const)("%s", async (_, afterMs, handOvers) => {
    const { clock, queue, consumer } = consumerBench({ options: { lease: "5s" } });
    const run = consumer.run(() => undefined);
    await blocked({ clock });
    await clock.advance(afterMs);
    const message = queue.put("m");
    await clock.advance("10s");
    expect([queue.acked, message.handOvers]).toEqual([["m"], handOvers]);
    await consumer.close();
    await run;
  });

  test("keeps what comes later for a pull, too", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { lease: "5s" } });
    const received = consumer.receive({ wait: "15s" });
    await blocked({ clock });
    await clock.advance(1_100);
    const message = queue.put("m");
    await clock.advance("6s");
    expect((await received).map(({ id }) => id)).toEqual(["m"]);
    expect(message.handOvers).toBe(1);
    await consumer.close();
  });
});

describe("what lost its lease in hand while the event loop was blocked", () => {
  test("is not in the batch whose wait ended meanwhile", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { lease: "5s" } });
    const message = queue.put("m");
    const handOvers: number[] = [];
    const handler = async (): Promise<void> => void handOvers.push(message.handOvers);
    const run = consumer.runBatch(handler, { size: 10, wait: "500ms" });
    await clock.settle();
    clock.stall(8_000);
    await clock.advance("20s"); // the wait ends first, before the lease has had its turn
    expect(handOvers).toEqual([expect.toSatisfy((number: number) => number > 1)]);
    await consumer.close();
    await run;
  });

  test("is not yielded after the message whose handling blocked it", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { lease: "5s" } });
    const second = [queue.put("a"), queue.put("b")][1];
    const handOvers: (number | undefined)[] = [];
    const pulled = (async () => {
      for await (const message of consumer) {
        if (message.id === "b") handOvers.push(second?.handOvers);
        else if (second?.handOvers === 1) clock.stall(8_000);
        await message.ack().catch(() => undefined);
      }
    })();
    await clock.advance("30s");
    expect(handOvers).toEqual([2]);
    await consumer.close();
    await pulled;
  });
});
