/** Kept free of what is left: a handler's last moments, the last settlements, the reply. */
const MARGIN_SHARE = 0.1;
const MIN_MARGIN_MS = 1_000;
const MAX_MARGIN_MS = 10_000;

/** How the end of a platform's call is shared out; milliseconds from now. */
export interface EventDeadline {
  /** Nothing starts any more, and the signals of what runs abort; 0 or less: now. */
  readonly stopInMs: number;
  /** What an aborted handler gets to end. */
  readonly graceMs: number;
  /** Kept for the reply after the last settlement. */
  readonly replyMs: number;
}

/** `leftMs`: until the platform ends the call; `marginMs`: what is kept free, where the application says so. */
export function eventDeadline(leftMs: number, marginMs?: number): EventDeadline {
  const usualMs = Math.min(Math.max(leftMs * MARGIN_SHARE, MIN_MARGIN_MS), MAX_MARGIN_MS);
  const keptMs = marginMs ?? usualMs;
  return { stopInMs: leftMs - keptMs, graceMs: keptMs / 2, replyMs: keptMs / 4 };
}
