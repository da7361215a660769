import { defineQueue } from "@anyqueue/core";
import { expect, test, vi } from "vitest";
import { testQueues } from "../src/index.ts";

test("fake timers of a test framework hold up nothing: time is the clock's", async () => {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "setImmediate",
      "queueMicrotask",
      "Date",
      "performance",
    ],
  });
  try {
    const orders = defineQueue<number>("orders", { retry: { attempts: 3, delay: "1m" } });
    await using queues = await testQueues();
    const attempts: number[] = [];
    const run = queues.client.consumer(orders).run((_message, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error("not yet");
    });
    await queues.client.producer(orders).send(1);
    await queues.advance("5m");
    await queues.client.close();
    await run;
    expect(attempts).toEqual([1, 2, 3]);
  } finally {
    vi.useRealTimers();
  }
});
