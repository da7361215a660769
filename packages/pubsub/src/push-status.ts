import { isQueueError, type ErrorCode, type Outcome } from "@anyqueue/core/adapter";

// Pub/Sub takes 102, 200, 201, 202 and 204 as an acknowledgement. After any other status the message comes
// again, by the subscription's retry policy.
// https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29)

/** The status of an answer, and a text for its reader. */
export interface PushAnswer {
  readonly status: number;
  readonly text: string;
}

const HANDLED: PushAnswer = Object.freeze({ status: 204, text: "" });
const FAILED: PushAnswer = Object.freeze({ status: 500, text: "the message was not handled" });
const UNFINISHED: PushAnswer = Object.freeze({
  status: 503,
  text: "there was no time to handle the message",
});

/** The answer for a message's outcome. */
export function answerTo(outcome: Outcome | undefined): PushAnswer {
  if (outcome === undefined) return UNFINISHED;
  if (outcome.kind !== "release") return HANDLED;
  return outcome.cause === "retry" ? FAILED : UNFINISHED;
}

const STATUSES: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  ACCESS_DENIED: 403,
  TIMEOUT: 408,
  MESSAGE_TOO_LARGE: 413,
  THROTTLED: 429,
  UNAVAILABLE: 503,
};
/** Statuses without a text: strangers do not learn why. */
const SILENT: ReadonlySet<number> = new Set([401, 403, 500, 503]);

/** The answer to a call that was not handled. */
export function answerToError(error: unknown): PushAnswer {
  if (!isQueueError(error)) return { status: 500, text: "" };
  const status = STATUSES[error.code] ?? 500;
  return { status, text: SILENT.has(status) ? "" : error.message };
}
