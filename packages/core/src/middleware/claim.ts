import type { Clock, Timer } from "../time/clock.ts";
import type { ElapsedTime } from "../time/elapsed-time.ts";
import type { IdempotencyStore } from "./idempotency.ts";

/** A claim is renewed this often in its time, so that one renewal may fail. */
const RENEWALS = 3;
/** The most time a rollback may take. One that arrives after the claim's end would give up another run's. */
const ON_ITS_WAY_MS = 10_000;

/** What all claims of one middleware share. */
export interface ClaimTerms {
  readonly store: IdempotencyStore;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly time: ElapsedTime;
}

/**
 * One run's claim to a key. It is renewed during the run, so that it ends soon after its process dies but not
 * while a slow handler runs. A process that stood still for longer than the claim lasts has lost it, perhaps
 * to another run, and no longer touches it (docs/decisions/0059).
 */
export class Claim {
  readonly #terms: ClaimTerms;
  readonly #key: string;
  /** Taken before the request from which the claim counts, so that the store's time began later. */
  #sinceMs = 0;
  #timer: Timer | undefined;
  #isReleased = false;

  constructor(terms: ClaimTerms, key: string) {
    this.#terms = terms;
    this.#key = key;
  }

  /** `"busy"` also if the answer took longer than the claim lasts: another run may have claimed the key since. */
  async begin(): ReturnType<IdempotencyStore["begin"]> {
    const { store, ttlMs, time } = this.#terms;
    this.#sinceMs = time.read();
    const state = await store.begin(this.#key, ttlMs);
    return state === "new" && this.#leftMs() <= 0 ? "busy" : state;
  }

  /** Renews the claim until it is released. */
  keep(): void {
    const { store, ttlMs, clock } = this.#terms;
    if (store.extend === undefined || this.#isReleased) return;
    this.#timer = clock.setTimer(() => void this.#renew(), ttlMs / RENEWALS);
  }

  /** Never rejects: the handler's error matters more, and the claim ends by itself. */
  async rollback(): Promise<void> {
    this.release();
    const { store, ttlMs } = this.#terms;
    if (this.#leftMs() < Math.min(ON_ITS_WAY_MS, ttlMs / RENEWALS)) return;
    try {
      await store.rollback(this.#key);
    } catch {
      // The next run begins when the claim has ended.
    }
  }

  /** Ends the renewals. */
  release(): void {
    this.#isReleased = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    if (this.#leftMs() <= 0) return;
    const { store, ttlMs, time } = this.#terms;
    const sinceMs = time.read();
    try {
      await store.extend?.(this.#key, ttlMs);
      this.#sinceMs = sinceMs;
    } catch {
      // There is time for another renewal, and a store that does not answer gives the key to no other run.
    }
    this.keep();
  }

  /** Also counts the time that the machine slept, because the store was awake. */
  #leftMs(): number {
    const { ttlMs, time } = this.#terms;
    return this.#sinceMs + ttlMs - time.read();
  }
}
