import { noProblems, optionProblems, refuseProblems } from "./check-options.ts";
import { isBranded } from "./queue-error.ts";
import { durationToMs, type Duration } from "../time/duration.ts";

const RETRY = Symbol.for("anyqueue.retry");
const DEAD_LETTER = Symbol.for("anyqueue.dead-letter");

/**
 * Thrown by a handler: retries this message after `delay` instead of the policy's. The run counts as an
 * attempt: after the last one the message goes to the dead letters. A delay longer than the service's longest
 * is cut to it.
 *
 * @example
 * if (response.status === 429) throw new RetryError({ delay: "30s", cause: response.statusText });
 */
export class RetryError extends Error {
  /** The delay in milliseconds; undefined means the retry policy's. */
  readonly delayMs: number | undefined;

  /** @throws INVALID_ARGUMENT for a delay that is not a duration, or an unknown option */
  constructor(options: { readonly delay?: Duration | undefined; readonly cause?: unknown } = {}) {
    refuseProblems(optionProblems(options, { delay: noProblems, cause: noProblems }, "RetryError"));
    super("retry", options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RetryError";
    this.delayMs = options.delay === undefined ? undefined : durationToMs(options.delay);
    Object.defineProperty(this, RETRY, { value: true });
  }
}

/**
 * Thrown by a handler: moves this message to the dead letters at once, even if it has attempts left.
 *
 * @example
 * if (customer === undefined) throw new DeadLetterError("UNKNOWN_CUSTOMER");
 */
export class DeadLetterError extends Error {
  /** Becomes `deadLettered.reason` of the dead letter. */
  readonly reason: string;

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DeadLetterError";
    this.reason = reason;
    Object.defineProperty(this, DEAD_LETTER, { value: true });
  }
}

/** True for a {@link RetryError}, whichever copy of the package made it. */
export function isRetryError(error: unknown): error is RetryError {
  return isBranded(error, RETRY);
}

/** True for a {@link DeadLetterError}, whichever copy of the package made it. */
export function isDeadLetterError(error: unknown): error is DeadLetterError {
  return isBranded(error, DEAD_LETTER);
}
