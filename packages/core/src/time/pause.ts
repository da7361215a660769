import type { Clock } from "./clock.ts";
import { orAborted } from "./or-aborted.ts";

/** Waits `ms`, or until the signal aborts, and keeps the process alive. @returns false if it was aborted */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  const over = Promise.withResolvers<boolean>();
  const timer = clock.setTimer(() => over.resolve(true), ms, true);
  return await orAborted(over.promise, signal, () => {
    timer.cancel();
    return false;
  });
}
