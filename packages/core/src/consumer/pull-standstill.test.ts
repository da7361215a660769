import { expect, test } from "vitest";
import { consumerBench } from "../../test/consumer-bench.ts";
import type { FakeQueue } from "../../test/fake-queue.ts";
import type { ConsumerDriver } from "../driver/driver.ts";

/** A consumer whose event loop is blocked for so long, once, when the first answer could be read. */
function blockedFor(ms: number) {
  let leftMs = ms;
  const bench = consumerBench({ driver: (queue) => blocking(queue) });
  const blocking = (queue: FakeQueue): ConsumerDriver<string> =>
    new Proxy(queue, {
      get: (_, name) => {
        const value: unknown = Reflect.get(queue, name);
        if (typeof value !== "function") return value;
        if (name !== "receiveBatch") return value.bind(queue);
        return async (...args: Parameters<FakeQueue["receiveBatch"]>) => {
          const deliveries = await queue.receiveBatch(...args);
          bench.clock.stall(leftMs);
          leftMs = 0;
          return deliveries;
        };
      },
    });
  return bench;
}

test("what lay unread for its whole lease while the event loop was blocked is not handed over", async () => {
  const { clock, queue, consumer, events } = blockedFor(61_000);
  const message = queue.put("m");
  const received = consumer.receive({ wait: "90s" });
  await clock.settle();
  expect((await received).map(({ id }) => id)).toEqual(["m"]);
  expect(message.handOvers).toBe(2);
  expect(events.of("lease-lost")).toHaveLength(1);
  await consumer.close();
});

test("the lease of what lay unread for a shorter time is renewed earlier", async () => {
  const { clock, queue, consumer } = blockedFor(10_000);
  queue.put("m");
  const received = consumer.receive({ wait: "90s" });
  await clock.settle();
  expect(await received).toHaveLength(1);
  // Half of the 49 s that are certainly left of 60 s, and not half of 60 s.
  await clock.advance(26_000);
  expect(queue.count("extend")).toBe(1);
  await consumer.close();
});
