import type { Clock } from "../src/time/clock.ts";

/** A clock that knows which of its timers keep the process alive. */
export interface AliveClock extends Clock {
  /** The pending ones: without any, a process that waits for nothing else ends. */
  readonly keptAlive: number;
}

export function aliveClock(clock: Clock): AliveClock {
  const kept = new Set<object>();
  return {
    now: () => clock.now(),
    bootNow: () => clock.bootNow(),
    wallNow: () => clock.wallNow(),
    setTimer(callback, delayMs, keepAlive) {
      const key = {};
      if (keepAlive === true) kept.add(key);
      const timer = clock.setTimer(() => {
        kept.delete(key);
        callback();
      }, delayMs);
      return {
        cancel() {
          kept.delete(key);
          timer.cancel();
        },
      };
    },
    get keptAlive() {
      return kept.size;
    },
  };
}
