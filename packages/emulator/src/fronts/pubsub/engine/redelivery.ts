import {
  PUBSUB_DEFAULT_DELIVERY_ATTEMPTS,
  PUBSUB_DEFAULT_MAX_BACKOFF_MS,
  PUBSUB_DEFAULT_MIN_BACKOFF_MS,
} from "../pubsub-limits.ts";
import { durationMs, type DeadLetterPolicy, type RetryPolicy } from "./resources.ts";

/** Wait of a message after its nth failure: doubled each time, within the policy's bounds. */
export function backoffMs(policy: RetryPolicy | null, failures: number): number {
  if (policy === null) return 0;
  const { minimumBackoff, maximumBackoff } = policy;
  const least = minimumBackoff === null ? PUBSUB_DEFAULT_MIN_BACKOFF_MS : durationMs(minimumBackoff);
  const most = maximumBackoff === null ? PUBSUB_DEFAULT_MAX_BACKOFF_MS : durationMs(maximumBackoff);
  // Capped because failures are unbounded; 2^40 ms is beyond every limit.
  return Math.min(most, least * 2 ** Math.min(failures - 1, 40));
}

/** Number of deliveries after which a message becomes a dead letter; undefined without a policy. */
export function attemptsAllowed(policy: DeadLetterPolicy | null): number | undefined {
  if (policy === null) return undefined;
  return policy.maxDeliveryAttempts === 0 ? PUBSUB_DEFAULT_DELIVERY_ATTEMPTS : policy.maxDeliveryAttempts;
}
