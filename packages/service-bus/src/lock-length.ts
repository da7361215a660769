import { systemClock, type Clock } from "@anyqueue/core/adapter";
import { MAX_LOCK_MS } from "./service-bus-limits.ts";

/** How long the locks of one entity last. */
export class LockLength {
  readonly #clock: Clock;
  /** The entity's own setting, once a probe has read it. */
  knownMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /**
   * The end of a lock that was given or renewed just now, in the clock's monotonic time. If the setting is
   * unknown, only the service's own date is left, and the machine's clock may contradict it (rule D14).
   */
  untilMs(lockedUntil: Date | undefined): number {
    return this.now() + (this.knownMs ?? statedMs(lockedUntil));
  }
}

function statedMs(lockedUntil: Date | undefined): number {
  const leftMs = (lockedUntil?.getTime() ?? Number.NaN) - systemClock.wallNow();
  return Number.isNaN(leftMs) ? MAX_LOCK_MS : Math.min(MAX_LOCK_MS, Math.max(0, leftMs));
}
