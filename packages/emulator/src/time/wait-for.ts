import type { EngineClock } from "./engine-clock.ts";

/** Resolves after `delayMs` of engine time, or as soon as `signal` is aborted. */
export function waitFor(clock: EngineClock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || delayMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clock.cancel(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.at(clock.now() + delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}
