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

function bench(over: { [Name in keyof IdempotencyStore]?: IdempotencyStore[Name] | undefined } = {}) {
  const clock = createVirtualClock();
  const store = { ...memoryIdempotencyStore({ clock }), ...over } as IdempotencyStore;
  const runs: string[] = [];
  let outcome: () => unknown = () => "done";
  const handlerOf = (target: string) => {
    const middleware = idempotency({ store, ttl: "10m", claim: "1m", clock });
    const handle = composeHandle([middleware], (m) => (runs.push(`${target} ${m.id}`), outcome()), target);
    return async (given = message, within = context) => await handle(given, within);
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

test("a message that dies a second time is not the same dead letter", async () => {
  const { handlerOf, runs } = bench();
  const diedAt = (atMs: number, providerId: string) =>
    rawMessage(
      delivery("h", {
        id: "m-1",
        providerId,
        attributes: { "aq-dead-reason": "x", "aq-dead-last": `${atMs}` },
      }),
    );
  await handlerOf("dead")(diedAt(1_000, "p-1"));
  await handlerOf("dead")(diedAt(1_000, "p-2")); // a copy
  await handlerOf("dead")(diedAt(2_000, "p-3"));
  const byService = (providerId: string) =>
    rawMessage(delivery("h", { id: "m-1", providerId, deadLetter: { reason: "MaxDeliveryCountExceeded" } }));
  await handlerOf("dead")(byService("p-4"));
  await handlerOf("dead")(byService("p-4"));
  await handlerOf("dead")(byService("p-5"));
  expect(runs).toHaveLength(4);
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

test.each([true, undefined, "NEW"])(
  "a store whose begin answers %s is refused, not believed",
  async (answer) => {
    const { handle, runs } = bench({ begin: async () => answer as never });
    await expect(handle()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('idempotency.store.begin: expected "new", "done" or "busy"'),
    });
    expect(runs).toEqual([]);
  },
);

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

test("a run keeps its claim as long as it lasts, and a failed run gives it up", async () => {
  const { handle, runs, clock, fail } = bench();
  const gate = Promise.withResolvers<void>();
  fail(() => gate.promise);
  const first = handle();
  for (let minute = 0; minute < 10; minute += 1) {
    await clock.advance("1m");
    expect(isRetryError(await handle().catch((error: unknown) => error))).toBe(true);
  }
  gate.reject(new Error("boom"));
  await expect(first).rejects.toThrow("boom");
  expect(clock.pendingTimers).toBe(0);
  fail(() => "done");
  expect(await handle()).toBe("done");
  expect(runs).toHaveLength(2);
});

test("what is claimed is looked at again when the claim of a dead process has ended", async () => {
  const { handle, fail } = bench();
  fail(() => new Promise(() => {}));
  void handle();
  const delayOf = async (attempt: number): Promise<unknown> => {
    const error: unknown = await handle(message, { ...context, attempt }).catch((reason: unknown) => reason);
    return isRetryError(error) && error.delayMs;
  };
  expect([await delayOf(1), await delayOf(2)]).toEqual([undefined, 60_000]);
});

test("the last attempt waits for the end of a dead process's claim, and is not spent on it", async () => {
  const { handle, runs, clock, fail } = bench({ extend: undefined });
  fail(() => new Promise(() => {}));
  void handle();
  await clock.settle();
  fail(() => "done");
  let ended: unknown;
  void handle(message, { ...context, isLastAttempt: true }).then((value) => (ended = value));
  await clock.advance("55s");
  expect([runs.length, ended]).toEqual([1, undefined]);
  await clock.advance("10s");
  expect([runs.length, ended]).toEqual([2, "done"]);
});

test("a last attempt that waits ends with its signal", async () => {
  const { handle, runs, clock, fail } = bench();
  fail(() => new Promise(() => {}));
  void handle();
  const controller = new AbortController();
  const waiting = handle(message, { ...context, isLastAttempt: true, signal: controller.signal });
  await clock.advance("30s");
  controller.abort();
  expect(isRetryError(await waiting.catch((error: unknown) => error))).toBe(true);
  expect(runs).toHaveLength(1);
});

test("a run whose claim may be another's gives none up, and renews none", async () => {
  const calls: string[] = [];
  const { handle, clock, fail } = bench({
    extend: async () => {
      calls.push("extend");
      await Promise.reject(new Error("store down"));
    },
    rollback: async () => void calls.push("rollback"),
  });
  const gate = Promise.withResolvers<void>();
  fail(() => gate.promise);
  const first = handle();
  await clock.advance("5m");
  expect(calls).toEqual(["extend", "extend"]);
  gate.reject(new Error("boom"));
  await expect(first).rejects.toThrow("boom");
  expect(calls).toEqual(["extend", "extend"]);
});

test("a store that throws at once when a claim is renewed ends nothing", async () => {
  const { handle, clock, fail } = bench({
    extend: () => {
      throw new Error("store broken");
    },
  });
  const gate = Promise.withResolvers<string>();
  fail(() => gate.promise);
  const first = handle();
  await clock.advance("30s");
  gate.resolve("done");
  expect(await first).toBe("done");
});

test("a store that cannot renew claims is claimed for an hour, one that can for two minutes", async () => {
  const seen: number[] = [];
  const { extend: _extend, ...plain } = memoryIdempotencyStore();
  for (const store of [plain, memoryIdempotencyStore()]) {
    const begin: IdempotencyStore["begin"] = async (_key, ttlMs) => (seen.push(ttlMs), "new");
    const handle = composeHandle([idempotency({ store: { ...store, begin } })], () => undefined, "q");
    await handle(message, context);
  }
  expect(seen).toEqual([3_600_000, 120_000]);
});

test("a handled message is forgotten after its time, a dead claim after its own", async () => {
  const { handle, runs, clock, fail } = bench({ extend: undefined });
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

test.each([
  [{ ttl: "1 day" as "1d" }, "idempotency.ttl: expected a duration"],
  [{ ttl: "0s" }, "idempotency.ttl: expected more than 0"],
  [{ claim: "0.1ms" }, "idempotency.claim: expected more than 0"],
] as const)("%j is refused when the middleware is made", (options, text) => {
  const store = memoryIdempotencyStore();
  expect(() => idempotency({ store, ...options })).toThrow(text);
});

test("a claim that had ended before its store answered is not used", async () => {
  const { handle, runs, clock } = bench({
    begin: async (key, ttlMs) => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 90_000));
      return await memoryIdempotencyStore().begin(key, ttlMs);
    },
  });
  const late = handle().catch((error: unknown) => error);
  await clock.advance("90s");
  expect(isRetryError(await late)).toBe(true);
  expect(runs).toEqual([]);
});

test("a store whose claims cannot be renewed as it says is refused", () => {
  const store = { ...memoryIdempotencyStore(), extend: true as never };
  expect(() => idempotency({ store })).toThrow("idempotency.store.extend");
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
  for (const [attributes, got] of [[{}, "undefined"] as const, [{ order: "" }, "an empty one"] as const]) {
    await expect(handle(rawMessage(delivery("h", { attributes })), context)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`idempotency.key: expected a non-empty text, got ${got}`),
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
