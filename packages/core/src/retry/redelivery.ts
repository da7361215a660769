import { isRetryError } from "../errors/handler-errors.ts";
import { unheard } from "../errors/unheard.ts";
import type { RetryPolicy } from "../message/define-options.ts";
import { durationToMs } from "../time/duration.ts";
import { backoffMs, type BackoffBounds } from "./backoff.ts";

/** The resolved policy for when a failed message is handed over again. */
export interface RedeliveryPolicy {
  /** Handler runs in all. Infinity: unlimited. */
  readonly attempts: number;
  readonly delay: RetryPolicy["delay"];
  /** Bounds of the exponential back-off that applies without `delay`. */
  readonly bounds: BackoffBounds;
  readonly random: () => number;
  /** Called when the application's delay function throws or gives no duration; the back-off applies then. */
  readonly onPolicyError: (error: unknown) => void;
}

export type Redelivery =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "dead-letter"; readonly reason: string };

/** Reasons that the engine itself gives to a dead letter. Append-only: they end up in dashboards. */
export const DEAD_LETTER_REASONS = Object.freeze({
  attemptsSpent: "ATTEMPTS_SPENT",
  policy: "RETRY_POLICY",
  invalid: "INVALID_MESSAGE",
});

/** Decides what follows a failure. `attempt` is the one that just failed, 1 = first. Never throws. */
export function decideRedelivery(policy: RedeliveryPolicy, attempt: number, error: unknown): Redelivery {
  if (attempt >= policy.attempts) return { kind: "dead-letter", reason: DEAD_LETTER_REASONS.attemptsSpent };
  if (isRetryError(error) && error.delayMs !== undefined) return { kind: "retry", delayMs: error.delayMs };
  const delayMs = policyDelayMs(policy, attempt, error);
  if (delayMs === "dead-letter") return { kind: "dead-letter", reason: DEAD_LETTER_REASONS.policy };
  return { kind: "retry", delayMs: delayMs ?? backoffMs(attempt, policy.bounds, policy.random) };
}

function policyDelayMs(
  policy: RedeliveryPolicy,
  attempt: number,
  error: unknown,
): number | "dead-letter" | undefined {
  const { delay } = policy;
  if (delay === undefined) return undefined;
  try {
    const given = typeof delay === "function" ? unheard(delay(attempt, error)) : delay;
    return given === "dead-letter" ? given : durationToMs(given, "retry.delay");
  } catch (policyError) {
    policy.onPolicyError(policyError);
    return undefined;
  }
}
