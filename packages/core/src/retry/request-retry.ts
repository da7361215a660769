import type { QueueError } from "../errors/queue-error.ts";
import { backoffMs, type BackoffBounds } from "./backoff.ts";

/** Back-off between two tries of one request. */
export const REQUEST_BACKOFF: BackoffBounds = Object.freeze({ minMs: 50, maxMs: 5_000 });

/** What decides whether a failed request is tried again. */
export interface RetryQuestion {
  readonly error: QueueError;
  /** Tries that failed, 1 or more. */
  readonly failures: number;
  /** True: the request may be repeated although it may have taken effect. */
  readonly mayRepeat: boolean;
  readonly leftMs: number;
  readonly bounds?: BackoffBounds;
  readonly random: () => number;
}

/** Milliseconds until the next try; undefined: there is none, and the error is final. */
export function requestRetryMs(question: RetryQuestion): number | undefined {
  const { error, failures, mayRepeat, leftMs, random } = question;
  if (!error.retryable || (error.ambiguous && !mayRepeat)) return undefined;
  const ownMs = backoffMs(failures, question.bounds ?? REQUEST_BACKOFF, random);
  const delayMs = Math.max(ownMs, error.retryAfterMs ?? 0); // never sooner than the service asks for
  return delayMs < leftMs ? delayMs : undefined;
}
