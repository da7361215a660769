import { expect, test } from "vitest";
import { silentLogger } from "../client/logger.ts";
import { isRetryError } from "../errors/handler-errors.ts";
import { rawMessage } from "../message/decode-message.ts";
import type { HandlerContext } from "../queue-consumer.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { composeHandle } from "./compose.ts";
import { idempotency, memoryIdempotencyStore, type IdempotencyStore } from "./idempotency.ts";

const message = rawMessage(delivery("h", { id: "m-1" }));
const context: HandlerContext = {
  signal: new AbortController().signal,
  attempt: 1,
  isLastAttempt: false,
  log: silentLogger,
  extend: async () => {},
};

function bench(over: Partial<IdempotencyStore> = {}) {
  const clock = createVirtualClock();
  const store: IdempotencyStore = { ...memoryIdempotencyStore({ clock }), ...over };
  const runs: string[] = [];
  let outcome: () => unknown = () => "done";
  const handlerOf = (target: string) => {
    const middleware = idempotency({ store, ttl: "10m", claim: "1m" });
    const handle = composeHandle([middleware], (m) => (runs.push(`${target} ${m.id}`), outcome()), target);
    return async (given = message) => await handle(given, context);
  };
  return { clock, runs, handlerOf, handle: handlerOf("q"), fail: (act: () => unknown) => (outcome = act) };
}

test("DEDU-05 a duplicate delivery is acked without running the handler", async () => {
  const { handle, runs } = bench();
  expect(await handle()).toBe("done");
  expect(await handle()).toBeUndefined();
  expect(runs).toEqual(["q m-1"]);
});

test("two subscriptions each handle the same message", async () => {
  const { handlerOf, runs } = bench();
  await handlerOf("billing")();
  await handlerOf("shipping")();
  expect(runs).toEqual(["billing m-1", "shipping m-1"]);
});

test("while another run holds the message it is retried later", async () => {
  const { handle, runs, fail } = bench();
  const gate = Promise.withResolvers<void>();
  fail(() => gate.promise);
  const first = handle();
  const second = await handle().catch((error: unknown) => error);
  expect(isRetryError(second)).toBe(true);
  gate.resolve();
  await first;
  expect(runs).toHaveLength(1);
});

test("DEDU-06 the key is released when the handler fails, and the handler's error stays", async () => {
  const boom = new Error("boom");
  const { handle, runs, fail } = bench();
  fail(() => {
    throw boom;
  });
  await expect(handle()).rejects.toBe(boom);
  fail(() => "done");
  expect(await handle()).toBe("done");
  expect(runs).toHaveLength(2);
});

test.each(["begin", "commit"] as const)("DEDU-05 a store that fails at %s does not ack", async (step) => {
  const down = async (): Promise<never> => {
    throw new Error("store down");
  };
  const { handle } = bench({ [step]: down });
  await expect(handle()).rejects.toThrow("store down");
});

test("a rollback that fails does not hide why the handler failed", async () => {
  const { handle, fail } = bench({
    rollback: async () => {
      throw new Error("store down");
    },
  });
  fail(() => {
    throw new Error("boom");
  });
  await expect(handle()).rejects.toThrow("boom");
});

test("a handled message is forgotten after its time, a dead claim after its own", async () => {
  const { handle, runs, clock, fail } = bench();
  await handle();
  await clock.advance("9m");
  await handle();
  expect(runs).toHaveLength(1);
  await clock.advance("2m");
  fail(() => new Promise(() => {}));
  void handle();
  await clock.settle();
  expect(runs).toHaveLength(2);
  await clock.advance("61s");
  fail(() => "done");
  await handle();
  expect(runs).toHaveLength(3);
});

test("a bad duration is refused when the middleware is made", () => {
  const store = memoryIdempotencyStore();
  const ttl = "1 day" as "1d";
  expect(() => idempotency({ store, ttl })).toThrow("idempotency.ttl");
});

test("the key can be the application's own", async () => {
  const store = memoryIdempotencyStore();
  let runs = 0;
  const middleware = idempotency({ store, key: ({ attributes }) => attributes["order"] ?? "" });
  const handle = composeHandle([middleware], () => (runs += 1), "q");
  for (const id of ["m-1", "m-2"]) {
    await handle(rawMessage(delivery("h", { id, attributes: { order: "o-1" } })), context);
  }
  expect(runs).toBe(1);
});

test("messages that lack what their key is made of are no duplicates of each other", async () => {
  const store = memoryIdempotencyStore();
  let runs = 0;
  const middleware = idempotency({ store, key: ({ attributes }) => attributes["order"] as string });
  const handle = composeHandle([middleware], () => (runs += 1), "q");
  for (const id of ["m-1", "m-2"]) {
    await expect(handle(rawMessage(delivery("h", { id })), context)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("idempotency.key: expected a non-empty text, got undefined"),
    });
  }
  expect(runs).toBe(0);
});

test("a key that is asked for asynchronously is refused, and its rejection ends nothing", async () => {
  const key = (async () => await Promise.reject(new Error("unheard"))) as never;
  const middleware = idempotency({ store: memoryIdempotencyStore(), key });
  const handle = composeHandle([middleware], () => undefined, "q");
  await expect(handle(rawMessage(delivery("h")), context)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("got object"),
  });
});
