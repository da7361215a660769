import type { Clock, Timer } from "../time/clock.ts";
import type { IdempotencyStore } from "./idempotency.ts";

/** Renewed so often in its time: one renewal may fail. */
const RENEWALS = 3;
/** What a request may take: one that arrives after the end of the claim would give up another's. */
const ON_ITS_WAY_MS = 10_000;

/**
 * A key that one run holds. It is renewed as long as the run lasts, so that it ends soon after a process that died, and not
 * under a handler that is slow. A process that stood still for longer than the claim lasts has lost it, perhaps to another:
 * it leaves it alone from then on (docs/decisions/0059).
 */
export class Claim {
  readonly #store: IdempotencyStore;
  readonly #key: string;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  /** Before the request that the claim counts from: the store's time began later. */
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

  /** Renews it until it is released. */
  keep(): void {
    if (this.#store.extend === undefined || this.#isReleased) return;
    this.#timer = this.#clock.setTimer(() => void this.#renew(), this.#ttlMs / RENEWALS);
  }

  /** Never rejects: why the handler failed is what counts, and the claim ends by itself. */
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
      // There is time for another; and a store that does not answer gives the key to nobody else.
    }
    this.keep();
  }

  /** Also what the machine has slept counts: the store was awake. */
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
