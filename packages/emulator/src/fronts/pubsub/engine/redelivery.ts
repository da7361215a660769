import {
  PUBSUB_DEFAULT_DELIVERY_ATTEMPTS,
  PUBSUB_DEFAULT_MAX_BACKOFF_MS,
  PUBSUB_DEFAULT_MIN_BACKOFF_MS,
} from "../pubsub-limits.ts";
import { durationMs, type DeadLetterPolicy, type RetryPolicy } from "./resources.ts";

/** How long a message waits after its nth failure: doubled each time, between the policy's bounds. */
export function backoffMs(policy: RetryPolicy | null, failures: number): number {
  if (policy === null) return 0;
  const { minimumBackoff, maximumBackoff } = policy;
  const least = minimumBackoff === null ? PUBSUB_DEFAULT_MIN_BACKOFF_MS : durationMs(minimumBackoff);
  const most = maximumBackoff === null ? PUBSUB_DEFAULT_MAX_BACKOFF_MS : durationMs(maximumBackoff);
  // 2^40 ms is beyond every bound, and a number of failures has none.
  return Math.min(most, least * 2 ** Math.min(failures - 1, 40));
}

/** Deliveries after which a message goes to the dead letters; undefined without a policy. */
export function attemptsAllowed(policy: DeadLetterPolicy | null): number | undefined {
  if (policy === null) return undefined;
  return policy.maxDeliveryAttempts === 0 ? PUBSUB_DEFAULT_DELIVERY_ATTEMPTS : policy.maxDeliveryAttempts;
}
