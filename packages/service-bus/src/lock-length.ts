import { systemClock, type Clock } from "@anyqueue/core/adapter";
import { MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";

/** What the service says of a lock. Without the second date: a renewed one, a session's before its first message. */
interface Locked {
  readonly lockedUntilUtc?: Date | undefined;
  readonly enqueuedTimeUtc?: Date | undefined;
}

/** How long the locks of one entity last. */
export class LockLength {
  readonly #clock: Clock;
  #knownMs = MAX_LOCK_MS;
  /** Of the lock that was given or renewed last. */
  #latestMs = 0;
  /** No lock is longer: none is given before its message is enqueued, and both dates are the service's own. */
  #mostMs = MAX_LOCK_MS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The entity's own setting, as a probe has read it. It can be lowered at any time. */
  set knownMs(ms: number) {
    this.#knownMs = ms;
    this.#mostMs = MAX_LOCK_MS;
  }

  now(): number {
    return this.#clock.now();
  }

  /**
   * The end of a lock that was given or renewed just now, in the clock's monotonic time: no later than the setting
   * that was read, nor than the service's own dates say. The machine's clock may contradict these (rule D14), but
   * no service gives a lock for less than the shortest time that can be set. If the machine's clock is slow, the
   * first message that is handed out as soon as it is enqueued shows the length.
   */
  untilMs(locked: Locked): number {
    this.#latestMs = Math.min(this.#knownMs, this.#statedMs(locked));
    return this.now() + this.#latestMs;
  }

  /** True of a lock that the engine would have renewed by now. */
  isHalfOver(untilMs: number): boolean {
    return untilMs - this.now() < this.#latestMs / 2;
  }

  #statedMs({ lockedUntilUtc, enqueuedTimeUtc }: Locked): number {
    const untilMs = lockedUntilUtc?.getTime() ?? Number.NaN;
    const sinceMs = untilMs - (enqueuedTimeUtc?.getTime() ?? Number.NaN);
    if (sinceMs < this.#mostMs) this.#mostMs = Math.max(MIN_LOCK_MS, sinceMs);
    const leftMs = untilMs - systemClock.wallNow();
    return Number.isNaN(leftMs) ? this.#mostMs : Math.min(this.#mostMs, Math.max(MIN_LOCK_MS, leftMs));
  }
}
