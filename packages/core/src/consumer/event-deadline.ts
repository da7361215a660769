/** Share of the time left that is kept free for handlers' last moments, last settlements and the reply. */
const MARGIN_SHARE = 0.1;
const MIN_MARGIN_MS = 1_000;
const MAX_MARGIN_MS = 10_000;

/** How the end of a platform's call is divided, in milliseconds. */
export interface EventDeadline {
  /** From now until nothing starts any more and the signals of running handlers abort. 0 or less: at once. */
  readonly stopInMs: number;
  /** Time that an aborted handler has to end. */
  readonly graceMs: number;
  /** Time kept for the reply, after the last settlement. */
  readonly replyMs: number;
}

/** `leftMs`: time until the platform ends the call. `marginMs`: what the application wants kept free. */
export function eventDeadline(leftMs: number, marginMs?: number): EventDeadline {
  const usualMs = Math.min(Math.max(leftMs * MARGIN_SHARE, MIN_MARGIN_MS), MAX_MARGIN_MS);
  const keptMs = marginMs ?? usualMs;
  return { stopInMs: leftMs - keptMs, graceMs: keptMs / 2, replyMs: keptMs / 4 };
}
