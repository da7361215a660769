import { expect, test } from "vitest";
import { idempotency, memoryIdempotencyStore } from "../src/middleware/idempotency.ts";
import type { Handler } from "../src/queue-consumer.ts";
import { consumerBench } from "./consumer-bench.ts";

/** Consumes one message with a handler that may take five seconds, and counts its runs. */
async function runsOf(handler: Handler<unknown>) {
  const { queue, clock, consumer } = consumerBench({
    options: { handlerTimeout: "5s", retry: { attempts: 5, delay: "10s" } },
    setup: { middleware: [idempotency({ store: memoryIdempotencyStore() })] },
  });
  queue.put("a");
  let runs = 0;
  const run = consumer.run(async (message, context) => {
    runs += 1;
    await handler(message, context);
  });
  await clock.advance("5s"); // the handler's time is over
  late.resolve();
  await clock.advance("1m");
  await consumer.close();
  await run;
  return { runs, acked: queue.acked };
}

let late: PromiseWithResolvers<void>;

test("a handler that returns because it was told to stop has not handled its message", async () => {
  late = Promise.withResolvers();
  const result = await runsOf(async (_message, { signal, attempt }) => {
    if (attempt > 1) return;
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
  });
  expect(result).toEqual({ runs: 2, acked: ["a"] });
});

test("a handler that does not look at its signal has handled its message when it returns too late", async () => {
  late = Promise.withResolvers();
  const result = await runsOf(async () => await late.promise);
  expect(result).toEqual({ runs: 1, acked: ["a"] });
});
