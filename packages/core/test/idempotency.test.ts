import { expect, test } from "vitest";
import { idempotency, memoryIdempotencyStore } from "../src/middleware/idempotency.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import type { Handler, HandlerContext } from "../src/queue-consumer.ts";
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

// The trap: `handlerTimeout` is often shorter than a claim, and a message with which no handler has failed would die of it.
test("a last attempt that waits for the claim of a dead process is no slow handler", async () => {
  const middleware: Middleware[] = [];
  const { queue, clock, consumer } = consumerBench({
    options: { handlerTimeout: "30s", retry: { attempts: 2 } },
    setup: {
      middleware: [{ name: "once", handle: async (...call) => await middleware[0]?.handle?.(...call) }],
    },
  });
  const store = memoryIdempotencyStore({ clock });
  middleware.push(idempotency({ store, clock }));
  await store.begin("fake://here/orders\nm", 120_000); // by a process that died
  queue.put("m").handOvers = 1;
  let context: HandlerContext | undefined;
  const run = consumer.run(async (_message, given) => {
    context = given;
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 29_000));
  });
  await clock.advance("115s");
  expect([context, queue.dead]).toEqual([undefined, []]);
  await clock.advance("10s");
  expect((context?.deadline?.getTime() ?? 0) - clock.wallNow()).toBeGreaterThan(20_000);
  await clock.advance("1m");
  expect([queue.acked, queue.dead]).toEqual([["m"], []]);
  await consumer.close();
  await run;
});
