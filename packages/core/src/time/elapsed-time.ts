import type { Clock } from "./clock.ts";

/** The time since boot is coarse (one second on some systems): a smaller difference is no sleep. */
const SLEEP_TOLERANCE_MS = 1_000;
/** Reading the time since boot (a file) takes 5 µs: 0.5 µs per message where ten share a request. */
const LOOK_AGAIN_MS = 1_000;
/** A sleep moves the wall clock ahead of the monotonic one: while they keep in step, there was none. */
const WALL_TOLERANCE_MS = 250;

/** The time of leases and claims, which end elsewhere: monotonic, and it runs on while the machine sleeps. */
export class ElapsedTime {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #bootStartMs: number;
  #asleepMs = 0;
  #lookedAtMs: number;
  /** How far the wall clock was ahead of the monotonic one when the time since boot was last read. */
  #wallAheadMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#bootStartMs = clock.bootNow();
    this.#lookedAtMs = this.#startMs;
    this.#wallAheadMs = clock.wallNow() - this.#startMs;
  }

  /** Does not read the time since boot, so it is cheap enough for every message. */
  quick(): number {
    return this.#clock.now() + this.#asleepMs;
  }

  /** Exact: for use before a settlement goes out and when a timer fires. */
  read(): number {
    const nowMs = this.#clock.now();
    const wallAheadMs = this.#clock.wallNow() - nowMs;
    const isSteady = Math.abs(wallAheadMs - this.#wallAheadMs) <= WALL_TOLERANCE_MS;
    if (isSteady && nowMs - this.#lookedAtMs < LOOK_AGAIN_MS) return nowMs + this.#asleepMs;
    this.#lookedAtMs = nowMs;
    this.#wallAheadMs = wallAheadMs;
    const asleepMs = this.#clock.bootNow() - this.#bootStartMs - (nowMs - this.#startMs);
    if (asleepMs > this.#asleepMs + SLEEP_TOLERANCE_MS) this.#asleepMs = asleepMs;
    return nowMs + this.#asleepMs;
  }
}
