import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";

import { FakeProducerDriver, FakeServiceError } from "./fake-adapter.ts";
import { KEYED, producerBench } from "./producer-bench.ts";

const KEYS = 2_000;
/** What one latched key may keep. An error with its stack takes 1,200 bytes, the text below 10,000. */
const MOST_BYTES = 600;

/** Fails every send, and keeps nothing of it. */
class FailingDriver extends FakeProducerDriver {
  override async sendBatch(): Promise<never> {
    throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
  }
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("This runtime has no garbage collector to call.");
  collect();
  return process.memoryUsage().heapUsed;
}

test("a latched key keeps neither an error of its own nor the text that it was cut from", async () => {
  const bench = producerBench({
    details: KEYED,
    driver: new FailingDriver(),
    setup: { events: { emit: () => {}, isActive: () => false } },
  });
  const latch = async (nth: number): Promise<unknown> => {
    // A line of a file, or a field of a record: such a key is a view of a longer text.
    const key = `${"x".repeat(10_000)}order-number-${nth}`.slice(10_000);
    return await bench.producer.send({ key }).catch((error: unknown) => error);
  };
  // The first thousand keep their errors.
  for (let nth = 0; nth < KEYS; nth += 1) await latch(nth);
  const before = heapUsed();
  for (let nth = KEYS; nth < 2 * KEYS; nth += 1) await latch(nth);
  expect((heapUsed() - before) / KEYS).toBeLessThan(MOST_BYTES);
  expect(await latch(2 * KEYS - 1)).toMatchObject({ code: "UNAVAILABLE", cause: { code: "ACCESS_DENIED" } });
});
