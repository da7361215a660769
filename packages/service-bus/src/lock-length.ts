import { systemClock, type Clock } from "@anyqueue/core/adapter";
import { MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";

/** How long the locks of one entity last. */
export class LockLength {
  readonly #clock: Clock;
  /** The entity's own setting, once a probe has read it. */
  knownMs: number | undefined;
  /** Of the lock that was given or renewed last. */
  #latestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /**
   * The end of a lock that was given or renewed just now, in the clock's monotonic time. If the setting is
   * unknown, only the service's own date is left. The machine's clock may contradict it (rule D14), but no
   * service gives a lock for less than the shortest time that can be set.
   */
  untilMs(lockedUntil: Date | undefined): number {
    this.#latestMs = this.knownMs ?? statedMs(lockedUntil);
    return this.now() + this.#latestMs;
  }

  /** True of a lock that the engine would have renewed by now. */
  isHalfOver(untilMs: number): boolean {
    return untilMs - this.now() < this.#latestMs / 2;
  }
}

function statedMs(lockedUntil: Date | undefined): number {
  const leftMs = (lockedUntil?.getTime() ?? Number.NaN) - systemClock.wallNow();
  return Number.isNaN(leftMs) ? MAX_LOCK_MS : Math.min(MAX_LOCK_MS, Math.max(MIN_LOCK_MS, leftMs));
}
