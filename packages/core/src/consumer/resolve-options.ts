import { DEFAULTS } from "../client/defaults.ts";
import {
  countProblems,
  expects,
  optionProblems,
  refuseProblems,
  type Checks,
} from "../errors/check-options.ts";
import { overlay } from "../message/check-definition.ts";
import {
  deadLetterProblems,
  durationProblems,
  positiveProblems,
  retryProblems,
} from "../message/check-policy.ts";
import type { QueuePolicy, RetryPolicy } from "../message/define-options.ts";
import type { ConsumerOptions } from "../queue-consumer.ts";
import { durationToMs, type Duration } from "../time/duration.ts";

/** Options of a consumer, resolved once; nothing below reads the raw ones. */
export interface ConsumerSettings {
  readonly concurrency: number;
  readonly prefetch: number | "auto";
  readonly rateLimit: { readonly count: number; readonly perMs: number } | undefined;
  readonly handlerTimeoutMs: number | undefined;
  readonly onInvalid: NonNullable<ConsumerOptions["onInvalid"]>;
  /** Undefined: the default, within what the entity allows. */
  readonly leaseMs: number | undefined;
  /** Infinity: unlimited. */
  readonly attempts: number;
  readonly retryDelay: RetryPolicy["delay"];
  readonly deadLetter: "auto" | "none";
}

/** The members of `ConsumerOptions`. */
export const CONSUMER_OPTIONS: Checks = {
  retry: retryProblems,
  lease: positiveProblems,
  deadLetter: deadLetterProblems,
  concurrency: countProblems,
  prefetch: (value, where) => (value === "auto" ? [] : countProblems(value, where, 0)),
  rateLimit: (value, where) =>
    optionProblems(value, { count: countProblems, per: positiveProblems }, where, ["count", "per"]),
  handlerTimeout: positiveProblems,
  onInvalid: expects(
    '"dead-letter", "retry" or a function',
    (value) => value === "dead-letter" || value === "retry" || typeof value === "function",
  ),
};

/** The consumer's policy wins over the definition's. @throws INVALID_ARGUMENT with every problem at once */
export function resolveOptions(options: ConsumerOptions, policy: QueuePolicy): ConsumerSettings {
  refuseProblems(optionProblems(options, CONSUMER_OPTIONS, "consumer"));
  const { rateLimit, handlerTimeout } = options;
  const { retry, lease, deadLetter = "auto" } = overlay(policy, options);
  const attempts = retry?.attempts ?? DEFAULTS.attempts;
  return Object.freeze({
    concurrency: options.concurrency ?? DEFAULTS.concurrency,
    prefetch: options.prefetch ?? "auto",
    rateLimit:
      rateLimit === undefined ? undefined : { count: rateLimit.count, perMs: durationToMs(rateLimit.per) },
    handlerTimeoutMs: handlerTimeout === undefined ? undefined : durationToMs(handlerTimeout),
    onInvalid: options.onInvalid ?? "dead-letter",
    leaseMs: lease === undefined ? undefined : durationToMs(lease),
    attempts: attempts === "unlimited" ? Infinity : attempts,
    retryDelay: retry?.delay,
    deadLetter,
  });
}

/** How long `close(options)` waits for handlers. @throws INVALID_ARGUMENT */
export function closeTimeoutMs(options: { readonly timeout?: Duration | undefined }): number {
  refuseProblems(optionProblems(options, { timeout: durationProblems }, "close"));
  return options.timeout === undefined ? DEFAULTS.drainMs : durationToMs(options.timeout);
}

/** @throws INVALID_ARGUMENT unless it is a whole number from 1 */
export function checkConcurrency(concurrency: number): void {
  refuseProblems(countProblems(concurrency, "consumer.concurrency"));
}
