import type { Clock, Timer } from "./clock.ts";

const TICK_MS = 1_000;
/** Lateness of a timer below this is that of a busy machine, and little beside the shortest lease. */
const TOLERANCE_MS = 1_000;
/** Afterwards all that had waited for the process has been read. */
const READ_AFTER_MS = 1_000;

/** Tells how long this process stood still: what it reads after that may have waited for it, and its lease with it. */
export class StallMeter {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to look, once a second; does not keep the process alive. */
  start(): void {
    this.#timer?.cancel();
    this.#dueAtMs = this.#clock.now() + TICK_MS;
    this.#timer = this.#clock.setTimer(() => this.#tick(), TICK_MS);
  }

  /** Ends that. */
  stop(): void {
    this.#timer?.cancel();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
  }

  /** The longest, in milliseconds, that something which is read now may have waited; 0 where the process was not stalled. */
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

  /** It may have begun right after the last look. */
  #stalledMs(nowMs: number): number {
    const lateMs = nowMs - this.#dueAtMs;
    return lateMs > TOLERANCE_MS ? lateMs + TICK_MS : 0;
  }
}
