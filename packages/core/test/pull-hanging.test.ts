import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../src/time/virtual-clock.ts";
import { aliveClock } from "./alive-clock.ts";
import type { FakeQueue } from "./fake-queue.ts";
import { consumerBench, errorOf } from "./consumer-bench.ts";
import { slow } from "./slow-schema.ts";

const HANGS = Promise.resolve("hangs");
const never = async (): Promise<never> => await new Promise(() => {});

describe("a receive with a signal ends with it", () => {
  test("while the consumer opens", async () => {
    const { clock, consumer } = consumerBench({
      driver: (queue) => ({ ...settling(queue), open: never }),
    });
    const controller = new AbortController();
    const received = errorOf(consumer.receive({ signal: controller.signal }));
    await clock.settle();
    controller.abort(new Error("enough"));
    await clock.settle();
    expect(await Promise.race([received, HANGS])).toMatchObject({
      code: "CANCELLED",
      target: "fake://here/orders",
    });
  });

  test("while a schema looks at its messages, which go back", async () => {
    const { clock, queue, consumer } = consumerBench({ details: { schema: slow(never()) } });
    queue.put("m");
    const controller = new AbortController();
    const received = errorOf(consumer.receive({ signal: controller.signal }));
    await clock.settle();
    controller.abort();
    await clock.settle();
    expect(await Promise.race([received, HANGS])).toMatchObject({ code: "CANCELLED" });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "unstarted" }]);
    await consumer.close();
  });
});

test("a receive keeps the process alive until it ends, also if the answer is later than its wait", async () => {
  const clock = createVirtualClock();
  const alive = aliveClock(clock);
  const answer = Promise.withResolvers<[]>();
  const { consumer } = consumerBench({
    setup: { clock: alive },
    driver: (queue) => ({ ...settling(queue), receiveBatch: async () => await answer.promise }),
  });
  const received = consumer.receive({ wait: "10s" });
  await clock.advance("10s");
  // A driver's own timer may fire a millisecond after this one, and keeps nothing alive.
  expect(alive.keptAlive, "what keeps the process alive").toBeGreaterThan(0);
  answer.resolve([]);
  expect(await received).toEqual([]);
  expect(alive.keptAlive).toBe(0);
  await consumer.close();
});

describe("messages that a slow schema still looks at", () => {
  test("are handed over to nobody once a close has given them back", async () => {
    const verdict = Promise.withResolvers<void>();
    const { clock, queue, consumer } = consumerBench({ details: { schema: slow(verdict.promise) } });
    queue.put("m");
    const received = consumer.receive();
    await clock.settle();
    const closed = consumer.close();
    await clock.advance("5s");
    expect(await closed).toMatchObject({ released: 1 });
    expect(await Promise.race([received, HANGS])).toEqual([]);
    verdict.resolve();
  });

  test("are handed over to nobody if their lease was lost meanwhile", async () => {
    const verdict = Promise.withResolvers<void>();
    const { clock, queue, consumer } = consumerBench({ details: { schema: slow(verdict.promise) } });
    queue.put("m");
    const received = consumer.receive();
    await clock.settle();
    queue.options?.events.leasesLost("all", new Error("gone"));
    verdict.resolve();
    await clock.settle();
    expect(await received).toEqual([]);
    await consumer.close();
  });
});

function settling(queue: FakeQueue) {
  return {
    receiveBatch: queue.receiveBatch.bind(queue),
    ackBatch: queue.ackBatch.bind(queue),
    releaseBatch: queue.releaseBatch.bind(queue),
    close: queue.close.bind(queue),
  };
}
