import {
  functionProblems,
  isRecord,
  kindOf,
  memberProblems,
  noProblems,
  optionProblems,
  refuseProblems,
  type Checks,
} from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { RetryError } from "../errors/handler-errors.ts";
import { mayHaveStopped, RunContext } from "../consumer/run-context.ts";
import { unheard } from "../errors/unheard.ts";
import { positiveProblems } from "../message/check-policy.ts";
import type { HandlerContext, Message } from "../queue-consumer.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import { ElapsedTime } from "../time/elapsed-time.ts";
import { pause } from "../time/pause.ts";
import { Claim } from "./claim.ts";
import type { Middleware } from "./middleware.ts";

/**
 * Remembers which messages were handled, for {@link idempotency}. Implement it with a database to share it
 * between processes. If one of its functions rejects, the message is not acked.
 */
export interface IdempotencyStore {
  /**
   * Claims a key for `ttlMs` milliseconds, atomically. `"new"`: the caller has claimed it; `"done"`: it was
   * handled before; `"busy"`: another run has a claim that has not ended.
   */
  begin(key: string, ttlMs: number): Promise<"new" | "done" | "busy">;
  /** Marks a claimed key as handled, and remembers it for `ttlMs` milliseconds from now. */
  commit(key: string, ttlMs: number): Promise<void>;
  /** Gives up a claimed key after its handler failed, so that a redelivery runs the handler again. */
  rollback(key: string): Promise<void>;
  /**
   * Extends a current claim to `ttlMs` milliseconds from now. Does nothing if there is no claim or the key is
   * done. Optional: with it, a claim lasts as long as its handler runs, and the claim of a dead process ends
   * soon.
   */
  extend?(key: string, ttlMs: number): Promise<void>;
}

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  /** Remembers what was handled: {@link memoryIdempotencyStore}, or one that uses a database. */
  readonly store: IdempotencyStore;
  /**
   * How long a handled message is remembered. Must exceed the time after which a redelivery may arrive.
   * @default "1d"
   */
  readonly ttl?: Duration | undefined;
  /**
   * How long a claim lasts if its process dies. If the store has `extend`: longer than a process may stand
   * still and resume; otherwise longer than the slowest handler takes.
   * @default "2m" if the store has `extend`, else "1h"
   */
  readonly claim?: Duration | undefined;
  /** The key that duplicates share; empty or no text fails the message. @default the message's `id` */
  readonly key?: ((message: Message<unknown>) => string) | undefined;
  /** The clock of the claims, for tests. @default the machine's */
  readonly clock?: Clock | undefined;
}

/**
 * Middleware that runs the handler once per message and queue, however often the message is delivered. A
 * duplicate is acked without its handler. If another run has claimed the message, it is retried when the
 * claim of a dead process would have ended, and its last attempt waits for that. If the store fails, the
 * message is not acked. A handler that looked at its signal and returns after it aborted may have stopped early:
 * it is not remembered as done. Costs two calls of the store per message, and one more for each third of `claim` that
 * the handler takes. If a process dies after the work and before marking it as done, the work is not
 * remembered.
 *
 * @example
 * const client = createClient("memory:", [memory()], {
 *   middleware: [idempotency({ store: memoryIdempotencyStore() })],
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function idempotency(options: IdempotencyOptions): Middleware {
  refuseProblems(optionProblems(options, OPTIONS, "idempotency", ["store"]));
  const { store, key = ({ id }) => id } = options;
  const ttlMs = durationToMs(options.ttl ?? "1d", "idempotency.ttl");
  const claim = options.claim ?? (store.extend === undefined ? "1h" : "2m");
  const claimMs = durationToMs(claim, "idempotency.claim");
  const clock = options.clock ?? systemClock;
  const terms = { store, ttlMs: claimMs, clock, time: new ElapsedTime(clock) };
  return {
    name: "idempotency",
    async handle(message, context, next, target) {
      // With the target, because two subscriptions may get the same message and both must handle it.
      const claimed = `${target}\n${checkKey(unheard(key(message)), target)}${deathOf(message)}`;
      const held = new Claim(terms, claimed);
      let state = await held.begin();
      while (state === "busy") {
        // A last attempt waits: the claim of a dead process must not dead-letter a message that never failed.
        if (!context.isLastAttempt || !(await lookAgain(clock, context)))
          // On a first attempt another copy is running; on a later one, a process may have died with it.
          throw busy(target, context.attempt > 1 ? claim : undefined);
        state = await held.begin();
      }
      if (state === "done") return undefined;
      if (state !== "new") throw noState(state, target);
      const result = await runOrRollback(next, held);
      if (mayHaveStopped(context)) await held.rollback();
      else await store.commit(claimed, ttlMs);
      return result;
    },
  };
}

/** How often a last attempt tries to claim the key. */
const LOOK_AGAIN_MS = 5_000;

/** Meanwhile the handler's time does not run. @returns false if it was aborted */
async function lookAgain(clock: Clock, context: HandlerContext): Promise<boolean> {
  RunContext.wait(context);
  const isOver = await pause(clock, LOOK_AGAIN_MS, context.signal);
  RunContext.begin(context);
  return isOver;
}

function busy(target: string, delay: Duration | undefined): RetryError {
  const what = "another run handles a message with this idempotency key";
  return new RetryError({ delay, cause: new QueueError("UNAVAILABLE", { what, target }) });
}

/** Whatever a database returns for its insert would count as "new", and every duplicate would be handled. */
function noState(state: unknown, target: string): QueueError {
  const got = typeof state === "string" ? "another text" : kindOf(state);
  return new QueueError("INVALID_ARGUMENT", {
    what: `idempotency.store.begin: expected "new", "done" or "busy", got ${got}`,
    target,
  });
}

const OPTIONS: Checks = {
  store: storeProblems,
  ttl: positiveProblems,
  claim: positiveProblems,
  key: functionProblems,
  clock: noProblems,
};

function storeProblems(store: unknown, where: string): string[] {
  const isStore = isRecord(store) && STORE.every((name) => typeof store[name] === "function");
  if (!isStore) return [`${where}: expected { ${STORE.join(", ")} }, got ${kindOf(store)}`];
  // A wrong `extend` would go unnoticed: claims would end while their handlers run.
  return memberProblems(store, { extend: functionProblems }, where);
}

/** Messages that all lack the source of their key would count as duplicates, and be acked unhandled. */
function checkKey(key: unknown, target: string): string {
  if (typeof key === "string" && key !== "") return key;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `idempotency.key: expected a non-empty text, got ${key === "" ? "an empty one" : kindOf(key)}`,
    remedy: "Build the key from what every message has, or throw a DeadLetterError for a message without it.",
    target,
  });
}

/** A message that was sent again with its id and died again is a dead letter that nobody has handled. */
function deathOf({ deadLettered, providerId }: Message<unknown>): string {
  if (deadLettered === undefined) return "";
  return `\n${deadLettered.deadLetteredAt?.getTime() ?? providerId}`;
}

const STORE: readonly string[] = ["begin", "commit", "rollback"];

/** A store in this process's memory, for tests and for a single process that may forget when it restarts. */
export function memoryIdempotencyStore(
  options: { readonly clock?: Clock | undefined } = {},
): IdempotencyStore {
  const clock = options.clock ?? systemClock;
  const entries = new Map<string, { readonly isDone: boolean; readonly endsAt: number }>();
  const put = (key: string, isDone: boolean, ttlMs: number): void => {
    // Deleted first, so that the map stays in the order of writing and the oldest entries come first.
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
    extend: async (key, ttlMs) => {
      const entry = entries.get(key);
      if (entry?.isDone === false && entry.endsAt > clock.now()) put(key, false, ttlMs);
    },
  };
}

async function runOrRollback(next: () => Promise<unknown>, claim: Claim): Promise<unknown> {
  claim.keep();
  try {
    return await next();
  } catch (error) {
    await claim.rollback();
    throw error;
  } finally {
    claim.release();
  }
}

/** Stops at the first entry that has not expired: a few steps per call, whatever the size. */
function dropExpired(entries: Map<string, { readonly endsAt: number }>, now: number): void {
  for (const [key, { endsAt }] of entries) {
    if (endsAt > now) return;
    entries.delete(key);
  }
}
