import { callProblems, functionProblems, isRecord, kindOf, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { RetryError } from "../errors/handler-errors.ts";
import { unheard } from "../errors/unheard.ts";
import type { Message } from "../queue-consumer.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import type { Middleware } from "./middleware.ts";

/**
 * Remembers which messages were handled, for {@link idempotency}. Implement it over a database to share it between
 * processes. If one of its functions rejects, the message is not acked.
 */
export interface IdempotencyStore {
  /**
   * Claims a key for `ttlMs` milliseconds, atomically. `"new"`: it is yours now; `"done"`: it was handled before;
   * `"busy"`: another run has claimed it, and its claim has not run out.
   */
  begin(key: string, ttlMs: number): Promise<"new" | "done" | "busy">;
  /** Marks a claimed key as handled, to be remembered for `ttlMs` milliseconds from now. */
  commit(key: string, ttlMs: number): Promise<void>;
  /** Gives a claimed key up, because its handler failed: a redelivery runs again. */
  rollback(key: string): Promise<void>;
}

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  /** Where it is remembered what was handled: {@link memoryIdempotencyStore}, or one over a database. */
  readonly store: IdempotencyStore;
  /** How long a handled message is remembered: longer than a redelivery may be late. @default "1d" */
  readonly ttl?: Duration | undefined;
  /**
   * How long a claim holds if its process dies: longer than the slowest handler takes. Until then the message is retried,
   * which uses up its attempts. @default "1h"
   */
  readonly claim?: Duration | undefined;
  /** What makes two messages the same; an empty text, or no text, fails the message. @default the message's `id` */
  readonly key?: ((message: Message<unknown>) => string) | undefined;
}

/**
 * Middleware that runs the handler once per message and queue, however often it is delivered. A duplicate is acked
 * without its handler; while another run has claimed the message, it is retried by the policy. If the store fails, the
 * message is not acked. Costs two calls of the store per message. A process that dies between its work and the mark
 * leaves the work done and not remembered.
 *
 * @example
 * const client = createClient("memory:", [memory()], {
 *   middleware: [idempotency({ store: memoryIdempotencyStore(), claim: "2m" })],
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
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
    what: `idempotency.key: expected a text that is not empty, got ${key === "" ? "an empty one" : kindOf(key)}`,
    remedy: "Make the key of what every message has, or throw a DeadLetterError for one that lacks it.",
    target,
  });
}

const STORE: readonly string[] = ["begin", "commit", "rollback"];

/** A store in this process's memory: for tests, and for a single process that may forget when it restarts. */
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
