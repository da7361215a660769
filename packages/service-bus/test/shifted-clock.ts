import { systemClock, type Clock, type Timer } from "@anyqueue/core/adapter";

/** The machine's clock, to which a test can add time: timers that this makes due fire at once. */
export interface ShiftedClock extends Clock {
  shift(ms: number): void;
}

export function createShiftedClock(): ShiftedClock {
  const pending = new Set<{ readonly dueMs: number; readonly fire: () => void }>();
  let offsetMs = 0;
  const now = (): number => systemClock.now() + offsetMs;
  return {
    now,
    bootNow: () => systemClock.bootNow() + offsetMs,
    wallNow: () => systemClock.wallNow() + offsetMs,
    setTimer(callback, delayMs, keepAlive): Timer {
      const entry = {
        dueMs: now() + delayMs,
        fire(): void {
          if (!pending.delete(entry)) return;
          timer.cancel();
          callback();
        },
      };
      pending.add(entry);
      const timer = systemClock.setTimer(() => entry.fire(), delayMs, keepAlive);
      return {
        cancel() {
          pending.delete(entry);
          timer.cancel();
        },
      };
    },
    shift(ms) {
      offsetMs += ms;
      for (const entry of [...pending]) if (entry.dueMs <= now()) entry.fire();
    },
  };
}
