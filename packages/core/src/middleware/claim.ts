import type { Clock, Timer } from "../time/clock.ts";
import type { IdempotencyStore } from "./idempotency.ts";

/** A claim is renewed this often in its time, so that one renewal may fail. */
const RENEWALS = 3;
/** The most time a rollback may take. One that arrives after the claim's end would give up another run's. */
const ON_ITS_WAY_MS = 10_000;

/**
 * One run's claim to a key. It is renewed during the run, so that it ends soon after its process dies but not
 * while a slow handler runs. A process that stood still for longer than the claim lasts has lost it, perhaps
 * to another run, and no longer touches it (docs/decisions/0059).
 */
export class Claim {
  readonly #store: IdempotencyStore;
  readonly #key: string;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  /** Taken before the request from which the claim counts, so that the store's time began later. */
  #since: Moment;
  #timer: Timer | undefined;
  #isReleased = false;

  constructor(store: IdempotencyStore, key: string, ttlMs: number, clock: Clock) {
    this.#store = store;
    this.#key = key;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    this.#since = momentOf(clock);
  }

  /** `"busy"` also if the answer took longer than the claim lasts: another run may have claimed the key since. */
  async begin(): ReturnType<IdempotencyStore["begin"]> {
    this.#since = momentOf(this.#clock);
    const state = await this.#store.begin(this.#key, this.#ttlMs);
    return state === "new" && this.#leftMs() <= 0 ? "busy" : state;
  }

  /** Renews the claim until it is released. */
  keep(): void {
    if (this.#store.extend === undefined || this.#isReleased) return;
    this.#timer = this.#clock.setTimer(() => void this.#renew(), this.#ttlMs / RENEWALS);
  }

  /** Never rejects: the handler's error matters more, and the claim ends by itself. */
  async rollback(): Promise<void> {
    this.release();
    if (this.#leftMs() < Math.min(ON_ITS_WAY_MS, this.#ttlMs / RENEWALS)) return;
    try {
      await this.#store.rollback(this.#key);
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
    const since = momentOf(this.#clock);
    try {
      await this.#store.extend?.(this.#key, this.#ttlMs);
      this.#since = since;
    } catch {
      // There is time for another renewal, and a store that does not answer gives the key to no other run.
    }
    this.keep();
  }

  /** Also counts the time that the machine slept, because the store was awake. */
  #leftMs(): number {
    const { nowMs, bootMs } = momentOf(this.#clock);
    return this.#ttlMs - Math.max(nowMs - this.#since.nowMs, bootMs - this.#since.bootMs);
  }
}

interface Moment {
  readonly nowMs: number;
  readonly bootMs: number;
}

function momentOf(clock: Clock): Moment {
  return { nowMs: clock.now(), bootMs: clock.bootNow() };
}
