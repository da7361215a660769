import { callProblems, functionProblems, isRecord, kindOf, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { RetryError } from "../errors/handler-errors.ts";
import { unheard } from "../errors/unheard.ts";
import type { Message } from "../queue-consumer.ts";
import { systemClock, type Clock, type Timer } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import { orAborted } from "../time/or-aborted.ts";
import { Claim } from "./claim.ts";
import type { Middleware } from "./middleware.ts";

/** Remembers which messages were handled. Implement it over a database to share it between processes. */
export interface IdempotencyStore {
  /** Claims a key, atomically. `new`: yours now · `done`: handled before · `busy`: another run holds it. */
  begin(key: string, ttlMs: number): Promise<"new" | "done" | "busy">;
  /** Marks a claimed key as handled, for `ttlMs` from now. */
  commit(key: string, ttlMs: number): Promise<void>;
  /** Gives a claimed key up, so that a redelivery runs again. */
  rollback(key: string): Promise<void>;
  /**
   * Lengthens a claim that is held to `ttlMs` from now; does nothing where there is none, or the key is done. With it a claim
   * is kept as long as its handler runs, and one whose process died ends soon.
   */
  extend?(key: string, ttlMs: number): Promise<void>;
}

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** How long a handled message is remembered; longer than any redelivery may come late. @default "1d" */
  readonly ttl?: Duration | undefined;
  /**
   * How long a claim holds if its process dies. Where the store cannot `extend` one, longer than the slowest handler; else
   * longer than a process stands still and comes back. @default "2m" where the store has `extend`, "1h" where not
   */
  readonly claim?: Duration | undefined;
  /** What makes two messages the same; an empty text or none is refused. @default the message's `id` */
  readonly key?: ((message: Message<unknown>) => string) | undefined;
  /** For tests. @default the machine's */
  readonly clock?: Clock | undefined;
}

/**
 * Middleware that runs the handler once per message, however often it is delivered.
 * A duplicate is acked without running the handler. While another run holds it, it is retried when the claim of a process
 * that died would have ended; its last attempt waits for that. If the store fails, the message is not acked. Costs two store
 * calls per message, and one each time that a third of `claim` has passed.
 */
export function idempotency(options: IdempotencyOptions): Middleware {
  checkCall(options);
  const { store, key = ({ id }) => id } = options;
  const ttlMs = durationToMs(options.ttl ?? "1d", "idempotency.ttl");
  const claim = options.claim ?? (store.extend === undefined ? "1h" : "2m");
  const claimMs = durationToMs(claim, "idempotency.claim");
  const clock = options.clock ?? systemClock;
  return {
    name: "idempotency",
    async handle(message, { attempt, isLastAttempt, signal }, next, target) {
      // With the target, because two subscriptions get the same message and both must handle it.
      const claimed = `${target}\n${checkKey(unheard(key(message)), target)}`;
      const held = new Claim(store, claimed, claimMs, clock);
      let state = await held.begin();
      while (state === "busy") {
        // Else the claim of a process that died would end a message that no handler has failed with.
        if (!isLastAttempt || !(await pause(clock, signal)))
          // A first attempt is another copy of what is running; a later one may be what a process died with.
          throw busy(target, attempt > 1 ? claim : undefined);
        state = await held.begin();
      }
      if (state === "done") return undefined;
      const result = await runOrRollback(next, held);
      await store.commit(claimed, ttlMs);
      return result;
    },
  };
}

/** A last attempt looks this often whether it may run. */
const LOOK_AGAIN_MS = 5_000;

/** @returns false: it was aborted */
async function pause(clock: Clock, signal: AbortSignal): Promise<boolean> {
  let timer: Timer | undefined;
  const paused = new Promise<boolean>((resolve) => {
    timer = clock.setTimer(() => resolve(true), LOOK_AGAIN_MS, true);
  });
  return await orAborted(paused, signal, () => {
    timer?.cancel();
    return false;
  });
}

function busy(target: string, delay: Duration | undefined): RetryError {
  const what = "another run handles a message with this idempotency key";
  return new RetryError({ delay, cause: new QueueError("UNAVAILABLE", { what, target }) });
}

function checkCall(options: IdempotencyOptions): void {
  const problems = callProblems(options, ["store", "ttl", "claim", "key", "clock"], "idempotency");
  refuseProblems(problems);
  const { store, key } = options;
  const isStore = isRecord(store) && STORE.every((name) => typeof Reflect.get(store, name) === "function");
  if (!isStore) problems.push(`idempotency.store: expected { ${STORE.join(", ")} }, got ${kindOf(store)}`);
  // It would be missed in silence: claims would end under their runs.
  else problems.push(...functionProblems({ extend: store.extend }, ["extend"], "idempotency.store"));
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

/** Stops at the first living entry: a few steps per call, whatever the size. */
function dropExpired(entries: Map<string, { readonly endsAt: number }>, now: number): void {
  for (const [key, { endsAt }] of entries) {
    if (endsAt > now) return;
    entries.delete(key);
  }
}
