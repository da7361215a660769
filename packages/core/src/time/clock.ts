import type * as OsModule from "node:os";

/** A timer that its owner can cancel. */
export interface Timer {
  /** The callback is not called any more. No effect after it was called. */
  cancel(): void;
}

/** All time in anyqueue goes through this interface, so that a test can own it: see `createVirtualClock`. */
export interface Clock {
  /** Milliseconds since an arbitrary moment, monotonic; for durations and deadlines. */
  now(): number;
  /**
   * Milliseconds since the machine booted, including its sleep; may be coarse. Tells a machine that slept
   * from a busy event loop.
   */
  bootNow(): number;
  /** Milliseconds since the Unix epoch. Only for times that people see or the wire carries: it may jump. */
  wallNow(): number;
  /** Calls `callback` once after `delayMs`, of any length. Keeps the process alive only with `keepAlive`. */
  setTimer(callback: () => void, delayMs: number, keepAlive?: boolean): Timer;
  /**
   * Returns a number from 0 up to but not 1, to spread moments that would otherwise be the same (jitter).
   * @default Math.random
   */
  readonly random?: (() => number) | undefined;
}

/** The source of jitter on this clock. */
export function randomOf(clock: Clock): () => number {
  return clock.random ?? Math.random;
}

/** Longest delay that setTimeout takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Loaded on demand: each Node module that the core imports at the top makes applications start slower. */
let os: typeof OsModule | undefined;

/** The machine's own clock: `performance.now`, `os.uptime`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  bootNow() {
    os ??= process.getBuiltinModule("node:os");
    return os.uptime() * 1_000;
  },
  wallNow: () => Date.now(),
  setTimer(callback, delayMs, keepAlive = false) {
    const deadline = performance.now() + delayMs;
    let timeout = arm();
    return { cancel: () => clearTimeout(timeout) };

    function arm(): NodeJS.Timeout {
      const left = Math.max(0, deadline - performance.now());
      const armed =
        left > MAX_TIMEOUT_MS
          ? setTimeout(() => {
              timeout = arm();
            }, MAX_TIMEOUT_MS)
          : setTimeout(callback, left);
      if (!keepAlive) armed.unref();
      return armed;
    }
  },
};
