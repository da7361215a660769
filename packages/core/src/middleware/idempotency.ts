import { callProblems, functionProblems, isRecord, kindOf, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { RetryError } from "../errors/handler-errors.ts";
import { unheard } from "../errors/unheard.ts";
import type { Message } from "../queue-consumer.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import type { Middleware } from "./middleware.ts";

/** Remembers which messages were handled. Implement it over a database to share it between processes. */
export interface IdempotencyStore {
  /** Claims a key, atomically. `new`: yours now · `done`: handled before · `busy`: another run holds it. */
  begin(key: string, ttlMs: number): Promise<"new" | "done" | "busy">;
  /** Marks a claimed key as handled, for `ttlMs` from now. */
  commit(key: string, ttlMs: number): Promise<void>;
  /** Gives a claimed key up, so that a redelivery runs again. */
  rollback(key: string): Promise<void>;
}

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** How long a handled message is remembered; longer than any redelivery may come late. @default "1d" */
  readonly ttl?: Duration | undefined;
  /** How long a claim holds if its process dies; longer than the slowest handler. @default "1h" */
  readonly claim?: Duration | undefined;
  /** What makes two messages the same; an empty text or none is refused. @default the message's `id` */
  readonly key?: ((message: Message<unknown>) => string) | undefined;
}

/**
 * Middleware that runs the handler once per message, however often it is delivered.
 * A duplicate is acked without running the handler; while another run holds it, it is retried later.
 * If the store fails, the message is not acked. Costs two store calls per message.
 */
export function idempotency(options: IdempotencyOptions): Middleware {
  checkCall(options);
  const { store, key = ({ id }) => id } = options;
  const ttlMs = durationToMs(options.ttl ?? "1d", "idempotency.ttl");
  const claimMs = durationToMs(options.claim ?? "1h", "idempotency.claim");
  return {
    name: "idempotency",
    async handle(message, _context, next, target) {
      // With the target, because two subscriptions get the same message and both must handle it.
      const claimed = `${target}\n${checkKey(unheard(key(message)), target)}`;
      const state = await store.begin(claimed, claimMs);
      if (state === "done") return undefined;
      if (state === "busy") {
        const what = "another run handles a message with this idempotency key";
        throw new RetryError({ cause: new QueueError("UNAVAILABLE", { what, target }) });
      }
      const result = await runOrRollback(next, async () => await store.rollback(claimed));
      await store.commit(claimed, ttlMs);
      return result;
    },
  };
}

function checkCall(options: IdempotencyOptions): void {
  const problems = callProblems(options, ["store", "ttl", "claim", "key"], "idempotency");
  refuseProblems(problems);
  const { store, key } = options;
  const isStore = isRecord(store) && STORE.every((name) => typeof Reflect.get(store, name) === "function");
  if (!isStore) problems.push(`idempotency.store: expected { ${STORE.join(", ")} }, got ${kindOf(store)}`);
  refuseProblems([...problems, ...functionProblems({ key }, ["key"], "idempotency")]);
}

/** Messages that all lack what their key is made of would be duplicates of the first, and acked without their handler. */
function checkKey(key: unknown, target: string): string {
  if (typeof key === "string" && key !== "") return key;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `idempotency.key: expected a non-empty text, got ${key === "" ? "an empty one" : kindOf(key)}`,
    remedy: "Build the key from what every message has, or throw a DeadLetterError for a message without it.",
    target,
  });
}

const STORE: readonly string[] = ["begin", "commit", "rollback"];

/** A store in memory: for tests, and for one process that may forget at a restart. */
export function memoryIdempotencyStore(
  options: { readonly clock?: Clock | undefined } = {},
): IdempotencyStore {
  const clock = options.clock ?? systemClock;
  const entries = new Map<string, { readonly isDone: boolean; readonly endsAt: number }>();
  const put = (key: string, isDone: boolean, ttlMs: number): void => {
    // Deleted first, so that the map stays in the order of writing and old entries are found at its front.
    entries.delete(key);
    entries.set(key, { isDone, endsAt: clock.now() + ttlMs });
  };
  return {
    begin: async (key, ttlMs) => {
      dropExpired(entries, clock.now());
      const entry = entries.get(key);
      if (entry !== undefined && entry.endsAt > clock.now()) return entry.isDone ? "done" : "busy";
      put(key, false, ttlMs);
      return "new";
    },
    commit: async (key, ttlMs) => put(key, true, ttlMs),
    rollback: async (key) => {
      entries.delete(key);
    },
  };
}

/** A failing rollback must not hide why the handler failed; the claim ends by itself. */
async function runOrRollback(next: () => Promise<unknown>, rollback: () => Promise<void>): Promise<unknown> {
  try {
    return await next();
  } catch (error) {
    await Promise.allSettled([rollback()]);
    throw error;
  }
}

/** Stops at the first living entry: a few steps per call, whatever the size. */
function dropExpired(entries: Map<string, { readonly endsAt: number }>, now: number): void {
  for (const [key, { endsAt }] of entries) {
    if (endsAt > now) return;
    entries.delete(key);
  }
}
