import type * as OsModule from "node:os";

/** A timer that its owner can end. */
export interface Timer {
  cancel(): void;
}

/** All time in anyqueue goes through this interface, so that tests own it. */
export interface Clock {
  /** Monotonic milliseconds since some moment; for durations and deadlines. */
  now(): number;
  /** Milliseconds since boot including sleep of the machine, coarse; tells a suspension from a busy event loop. */
  bootNow(): number;
  /** Unix epoch milliseconds; only for times that people see or that go on the wire. */
  wallNow(): number;
  /** Calls `callback` once. Does not keep the process alive unless `keepAlive`. */
  setTimer(callback: () => void, delayMs: number, keepAlive?: boolean): Timer;
  /** In [0, 1): what is drawn to spread moments that would else be the same. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** What spreads moments on this clock. */
export function randomOf(clock: Clock): () => number {
  return clock.random ?? Math.random;
}

/** Longest delay that setTimeout takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Not imported: each module of Node that the core imports at its top makes every start of an application longer. */
let os: typeof OsModule | undefined;

/** The machine's own clock. */
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
