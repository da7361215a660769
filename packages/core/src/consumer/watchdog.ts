import type { Clock, Timer } from "../time/clock.ts";

const TICK_MS = 1_000;
/** A timer that is late by less than this is normal. */
const TOLERANCE_MS = 100;
/** A loop that was blocked for this long is not live: nothing in the process gets done. */
const NOT_LIVE_MS = 10_000;

/** Checks once a second that asks come back and the loop turns. Keeps the process alive while it runs. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onTick: () => void;
  #timer: Timer | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #stalledMs = 0;
  /** What of it was over a tick ago: all that had waited for it has been read. */
  #readMs = 0;
  #lastLatenessMs = 0;

  constructor(clock: Clock, onTick: () => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  start(): void {
    this.#dueAtMs = this.#clock.now() + TICK_MS;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#tick();
      },
      TICK_MS,
      true,
    );
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#lastLatenessMs = 0;
  }

  /** How long the event loop was blocked so far in all, including a block that ended just now. */
  stalledMs(): number {
    return this.#stalledMs + this.#latenessMs();
  }

  /**
   * The longest that something read now may have waited, if it was asked for when `stalledMs()` was `sinceMs`. The
   * block may have begun right after the last check.
   */
  waitedMs(sinceMs: number): number {
    const stalledMs = this.stalledMs() - Math.max(sinceMs, this.#readMs);
    return stalledMs > 0 ? stalledMs + TICK_MS : 0;
  }

  /** Why the process is not live. Undefined: the event loop turns. */
  stall(): string | undefined {
    const stalledMs = Math.max(this.#latenessMs(), this.#lastLatenessMs);
    return stalledMs < NOT_LIVE_MS ? undefined : `the event loop was blocked for ${Math.round(stalledMs)} ms`;
  }

  #tick(): void {
    this.#lastLatenessMs = this.#latenessMs();
    this.#stalledMs += this.#lastLatenessMs;
    if (this.#lastLatenessMs === 0) this.#readMs = this.#stalledMs;
    this.start();
    this.#onTick();
  }

  #latenessMs(): number {
    const lateMs = this.#clock.now() - this.#dueAtMs;
    return lateMs > TOLERANCE_MS ? lateMs : 0;
  }
}
