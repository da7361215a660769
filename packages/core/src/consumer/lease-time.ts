import type { Clock } from "../time/clock.ts";

/** The time since boot is coarse (one second on some systems): smaller differences are no sleep. */
const SLEEP_TOLERANCE_MS = 1_000;

/** Time as leases see it: monotonic, and running on while the machine sleeps. */
export class LeaseTime {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #bootStartMs: number;
  #asleepMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#bootStartMs = clock.bootNow();
  }

  /** Without a look at the time since boot; cheap enough for every message. */
  quick(): number {
    return this.#clock.now() + this.#asleepMs;
  }

  /** Exact: before a settlement goes out and when a timer fires. */
  read(): number {
    const nowMs = this.#clock.now();
    const asleepMs = this.#clock.bootNow() - this.#bootStartMs - (nowMs - this.#startMs);
    if (asleepMs > this.#asleepMs + SLEEP_TOLERANCE_MS) this.#asleepMs = asleepMs;
    return nowMs + this.#asleepMs;
  }
}
