import { expect, test } from "vitest";
import { rawMessage } from "../src/message/decode-message.ts";
import { idempotency, memoryIdempotencyStore, type IdempotencyStore } from "../src/middleware/idempotency.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import type { Handler, HandlerContext } from "../src/queue-consumer.ts";
import { createVirtualClock, delivery } from "../src/testing.ts";
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
// Here it is also shorter than the pause between two looks at the claim.
test("a last attempt that waits for the claim of a dead process is no slow handler", async () => {
  const middleware: Middleware[] = [];
  const { queue, clock, consumer } = consumerBench({
    options: { handlerTimeout: "4s", retry: { attempts: 2 } },
    setup: {
      middleware: [{ name: "once", handle: async (...call) => await middleware[0]?.handle?.(...call) }],
    },
  });
  const store = memoryIdempotencyStore({ clock });
  middleware.push(idempotency({ store, clock }));
  await store.begin("fake://here/orders\nm", 120_000); // by a process that died
  queue.put("m").handOvers = 1;
  const leftMs: number[] = [];
  const run = consumer.run(async (_message, { deadline }) => {
    leftMs.push((deadline?.getTime() ?? 0) - clock.wallNow());
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 3_000));
  });
  await clock.advance("115s");
  expect([leftMs, queue.dead]).toEqual([[], []]);
  await clock.advance("1m");
  expect(leftMs).toEqual([4_000]);
  expect([queue.acked, queue.dead]).toEqual([["m"], []]);
  await consumer.close();
  await run;
});

/** Handles `m-1` and so on, each with its own middleware call, and a claim of one minute. */
function claims(more: { [Name in keyof IdempotencyStore]?: IdempotencyStore[Name] | undefined } = {}) {
  const clock = createVirtualClock();
  const store = { ...memoryIdempotencyStore({ clock }), ...more } as IdempotencyStore;
  const { handle } = idempotency({ store, ttl: "10m", claim: "1m", clock, key: (message) => message.id });
  const context = { signal: new AbortController().signal, attempt: 2, isLastAttempt: false };
  const run = async (id: string, handler: () => Promise<unknown>): Promise<unknown> =>
    await handle?.(rawMessage(delivery("h", { id })), context as HandlerContext, handler, "q");
  return { clock, run };
}

// Else every message that was handled would leave a timer, and a request to the store three times a minute.
test("the claim of a message that was handled is not renewed any more", async () => {
  const { clock, run } = claims();
  expect(await run("m-1", async () => await Promise.resolve("done"))).toBe("done");
  expect(clock.pendingTimers).toBe(0);
});

// Its message would be retried until it died, although nobody works on it.
test("the claim of a dead process ends in its time, whatever else the store remembers longer", async () => {
  const { clock, run } = claims({ extend: undefined });
  await run("m-1", async () => await Promise.resolve());
  void run("m-2", async () => await new Promise(() => {}));
  await clock.advance("61s");
  expect(await run("m-2", async () => await Promise.resolve("done"))).toBe("done");
});

// Before that its redelivery would find the claim, and be put off.
test("a message whose handler failed is not given back before its claim is", async () => {
  const rollback = Promise.withResolvers<void>();
  const { clock, run } = claims({ rollback: async () => await rollback.promise });
  let ended: unknown;
  const boom = new Error("boom");
  void run("m-1", async () => await Promise.reject(boom)).catch((error: unknown) => (ended = error));
  await clock.settle();
  expect(ended).toBeUndefined();
  rollback.resolve();
  await clock.settle();
  expect(ended).toBe(boom);
});

// It would be found out only after a handler has run, and by every delivery of its message.
test.each([undefined, { begin: async () => "new", commit: async () => {} }])(
  "a store that lacks a function is refused when the middleware is made",
  (store) => {
    expect(() => idempotency({ store: store as never })).toThrow(
      "idempotency.store: expected { begin, commit, rollback }",
    );
  },
);
