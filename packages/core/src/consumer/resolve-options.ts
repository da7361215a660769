import { DEFAULTS } from "../client/defaults.ts";
import {
  asRecord,
  callProblems,
  countProblems,
  isRecord,
  kindOf,
  refuseProblems,
  unknownKeys,
} from "../errors/check-options.ts";
import { overlay } from "../message/check-definition.ts";
import { POLICY_KEYS, policyProblems, positiveProblems } from "../message/check-policy.ts";
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

/** Members of `ConsumerOptions`. */
export const OPTION_KEYS: readonly string[] = [
  ...POLICY_KEYS,
  "concurrency",
  "prefetch",
  "rateLimit",
  "handlerTimeout",
  "onInvalid",
];

/** The consumer's policy wins over the definition's. @throws INVALID_ARGUMENT with every problem at once */
export function resolveOptions(options: ConsumerOptions, policy: QueuePolicy): ConsumerSettings {
  refuseProblems(optionProblems(options));
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
  refuseProblems(callProblems(options, ["timeout"], "close"));
  return options.timeout === undefined ? DEFAULTS.drainMs : durationToMs(options.timeout, "close.timeout");
}

/** @throws INVALID_ARGUMENT unless it is a whole number from 1 */
export function checkConcurrency(concurrency: number): void {
  refuseProblems(countProblems(concurrency, "consumer.concurrency"));
}

function optionProblems(options: ConsumerOptions): string[] {
  const where = "consumer";
  if (!isRecord(options)) return [`${where}: expected options, got ${kindOf(options)}`];
  const { concurrency, prefetch, handlerTimeout, onInvalid, rateLimit }: ConsumerOptions = options;
  const problems = [...unknownKeys(options, OPTION_KEYS, where), ...policyProblems(options, where)];
  if (concurrency !== undefined) problems.push(...countProblems(concurrency, `${where}.concurrency`));
  if (prefetch !== undefined && prefetch !== "auto") {
    problems.push(...countProblems(prefetch, `${where}.prefetch`, 0));
  }
  if (handlerTimeout !== undefined)
    problems.push(...positiveProblems(handlerTimeout, `${where}.handlerTimeout`));
  problems.push(...rateLimitProblems(rateLimit, `${where}.rateLimit`));
  const isOnInvalid = onInvalid === "dead-letter" || onInvalid === "retry" || typeof onInvalid === "function";
  if (onInvalid !== undefined && !isOnInvalid) {
    problems.push(
      `${where}.onInvalid: expected "dead-letter", "retry" or a function, got ${kindOf(onInvalid)}`,
    );
  }
  return problems;
}

function rateLimitProblems(rateLimit: unknown, where: string): string[] {
  if (rateLimit === undefined) return [];
  const problems = callProblems(rateLimit, ["count", "per"], where);
  const { count, per } = asRecord(rateLimit);
  return [...problems, ...countProblems(count, `${where}.count`), ...positiveProblems(per, `${where}.per`)];
}
