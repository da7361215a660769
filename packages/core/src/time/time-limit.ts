import type { Clock, Timer } from "./clock.ts";

/** A timer that is late by less than this is normal. */
const LATE_MS = 10;
/** Long enough for several reads, and for the answer to a request that could not go out before. */
const MAX_GRACE_MS = 1_000;

/** How long something is still awaited whose time limit is seen `lateMs` late. */
export function graceMs(lateMs: number): number {
  return lateMs < LATE_MS ? 0 : Math.min(lateMs, MAX_GRACE_MS);
}

/**
 * Limits a wait for an answer from outside to `ms` milliseconds.
 *
 * A process whose event loop was blocked, or which stood still, runs its timers before it reads its sockets:
 * nothing seems to have come, although the answer is there. So a limit that is seen late waits once more, for as
 * long as it is late and at most a second (docs/decisions/0070). Keeps the process alive only with `keepAlive`.
 */
export function setTimeLimit(clock: Clock, onOver: () => void, ms: number, keepAlive = false): Timer {
  const dueAtMs = clock.now() + Math.max(0, ms);
  const due = (): void => {
    const moreMs = graceMs(clock.now() - dueAtMs);
    if (moreMs === 0) onOver();
    else timer = clock.setTimer(onOver, moreMs, keepAlive);
  };
  let timer = clock.setTimer(due, ms, keepAlive);
  return { cancel: () => timer.cancel() };
}
