import type { Clock, Timer } from "./clock.ts";

const TICK_MS = 1_000;
/** Lateness below this is normal on a busy machine, and short compared with the shortest lease. */
const TOLERANCE_MS = 1_000;
/** By then, everything that had waited for the process has been read. */
const READ_AFTER_MS = 1_000;

/** Tells how long this process stood still: what it reads next may have waited so long, its lease running. */
export class StallMeter {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #dueAtMs = Infinity;
  #endedAtMs = -Infinity;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts checking, once a second. Does not keep the process alive. */
  start(): void {
    this.#timer?.cancel();
    this.#dueAtMs = this.#clock.now() + TICK_MS;
    this.#timer = this.#clock.setTimer(() => this.#tick(), TICK_MS);
  }

  /** Stops checking. */
  stop(): void {
    this.#timer?.cancel();
    this.#dueAtMs = Infinity;
  }

  /** The longest that something read now may have waited, in milliseconds; 0 if the process did not stall. */
  waitedMs(nowMs: number): number {
    const stalledMs = this.#stalledMs(nowMs);
    if (stalledMs > 0) return stalledMs;
    return nowMs - this.#endedAtMs < READ_AFTER_MS ? this.#lastMs : 0;
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    const stalledMs = this.#stalledMs(nowMs);
    if (stalledMs > 0) {
      this.#endedAtMs = nowMs;
      this.#lastMs = stalledMs;
    }
    this.start();
  }

  /** Adds a tick, because the stall may have begun right after the last check. */
  #stalledMs(nowMs: number): number {
    const lateMs = nowMs - this.#dueAtMs;
    return lateMs > TOLERANCE_MS ? lateMs + TICK_MS : 0;
  }
}
