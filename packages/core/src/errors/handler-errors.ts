import { callProblems, refuseProblems } from "./check-options.ts";
import { durationToMs, type Duration } from "../time/duration.ts";

const RETRY = Symbol.for("anyqueue.retry");
const DEAD_LETTER = Symbol.for("anyqueue.dead-letter");

/** Thrown by a handler: retry this message. After `delay` instead of the policy's; counts as an attempt. */
export class RetryError extends Error {
  /** Milliseconds; undefined = the policy decides. */
  readonly delayMs: number | undefined;

  constructor(options: { readonly delay?: Duration | undefined; readonly cause?: unknown } = {}) {
    refuseProblems(callProblems(options, ["delay", "cause"], "RetryError"));
    super("retry", options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RetryError";
    this.delayMs = options.delay === undefined ? undefined : durationToMs(options.delay);
    Object.defineProperty(this, RETRY, { value: true });
  }
}

/** Thrown by a handler: dead-letter this message now. */
export class DeadLetterError extends Error {
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
  return typeof error === "object" && error !== null && RETRY in error;
}

/** True for a {@link DeadLetterError}, whichever copy of the package made it. */
export function isDeadLetterError(error: unknown): error is DeadLetterError {
  return typeof error === "object" && error !== null && DEAD_LETTER in error;
}
