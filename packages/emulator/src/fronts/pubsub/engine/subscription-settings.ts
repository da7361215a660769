import { invalidArgument, PubsubError } from "../pubsub-error.ts";
import {
  PUBSUB_DEFAULT_ACK_DEADLINE_SECONDS,
  PUBSUB_DEFAULT_DELIVERY_ATTEMPTS,
  PUBSUB_DEFAULT_EXPIRATION_TTL_MS,
  PUBSUB_DEFAULT_MAX_BACKOFF_MS,
  PUBSUB_DEFAULT_MIN_BACKOFF_MS,
  PUBSUB_DEFAULT_RETENTION_MS,
  PUBSUB_MAX_ACK_DEADLINE_SECONDS,
  PUBSUB_MAX_BACKOFF_MS,
  PUBSUB_MAX_DELIVERY_ATTEMPTS,
  PUBSUB_MAX_RETENTION_MS,
  PUBSUB_MIN_ACK_DEADLINE_SECONDS,
  PUBSUB_MIN_DELIVERY_ATTEMPTS,
  PUBSUB_MIN_EXPIRATION_TTL_MS,
  PUBSUB_MIN_RETENTION_MS,
} from "../pubsub-limits.ts";
import { parseFilter } from "./filter/parse-filter.ts";
import { checkPushConfig } from "./push-settings.ts";
import { checkResourceName } from "./resource-name.ts";
import {
  durationMs,
  durationOf,
  type DeadLetterPolicy,
  type Duration,
  type RetryPolicy,
  type SubscriptionResource,
} from "./resources.ts";

/** Fills in the service's defaults and throws on settings that the service would refuse. */
export function resolveSubscription(given: SubscriptionResource): SubscriptionResource {
  refuseExports(given);
  const ackDeadlineSeconds =
    given.ackDeadlineSeconds === 0 ? PUBSUB_DEFAULT_ACK_DEADLINE_SECONDS : given.ackDeadlineSeconds;
  checkAckDeadline(ackDeadlineSeconds);
  checkRetention(given.messageRetentionDuration, "Subscription message retention duration");
  checkExpiration(given.expirationPolicy?.ttl ?? null);
  parseFilter(given.filter);
  const pushConfig = checkPushConfig(given.pushConfig);
  if (pushConfig !== null && given.enableExactlyOnceDelivery) {
    throw invalidArgument("Exactly-once delivery is not supported for push subscriptions.");
  }
  return {
    ...given,
    ackDeadlineSeconds,
    pushConfig,
    messageRetentionDuration: given.messageRetentionDuration ?? durationOf(PUBSUB_DEFAULT_RETENTION_MS),
    expirationPolicy: given.expirationPolicy ?? { ttl: durationOf(PUBSUB_DEFAULT_EXPIRATION_TTL_MS) },
    deadLetterPolicy: resolveDeadLetterPolicy(given.deadLetterPolicy),
    retryPolicy: resolveRetryPolicy(given.retryPolicy),
    state: "ACTIVE",
  };
}

export function retentionMs(resource: SubscriptionResource): number {
  const { messageRetentionDuration } = resource;
  return messageRetentionDuration === null
    ? PUBSUB_DEFAULT_RETENTION_MS
    : durationMs(messageRetentionDuration);
}

/** Returns undefined if the subscription never expires. */
export function expirationTtlMs(resource: SubscriptionResource): number | undefined {
  const { expirationPolicy } = resource;
  if (expirationPolicy === null) return PUBSUB_DEFAULT_EXPIRATION_TTL_MS;
  return expirationPolicy.ttl === null ? undefined : durationMs(expirationPolicy.ttl);
}

/** Checks the ack deadline of a subscription or stream. */
export function checkAckDeadline(seconds: number): void {
  if (seconds >= PUBSUB_MIN_ACK_DEADLINE_SECONDS && seconds <= PUBSUB_MAX_ACK_DEADLINE_SECONDS) return;
  throw invalidArgument(
    `Invalid ack deadline given: (ackDeadlineSeconds=${seconds}). It must be between ${PUBSUB_MIN_ACK_DEADLINE_SECONDS} and ${PUBSUB_MAX_ACK_DEADLINE_SECONDS} seconds.`,
  );
}

/** Checks the retention of a topic or subscription. */
export function checkRetention(given: Duration | null, what: string): void {
  if (given === null) return;
  const ms = durationMs(given);
  if (ms >= PUBSUB_MIN_RETENTION_MS && ms <= PUBSUB_MAX_RETENTION_MS) return;
  throw invalidArgument(`${what} must be between 10 minutes and 31 days; got ${ms / 1000} seconds.`);
}

/** Refuses exports and transforms. Otherwise the subscription would silently ignore them. */
function refuseExports(given: SubscriptionResource): void {
  const exported = [given.bigqueryConfig, given.cloudStorageConfig, given.bigtableConfig];
  if (exported.some((config) => config !== null && config !== undefined)) {
    throw new PubsubError(
      "UNIMPLEMENTED",
      "The emulator does not export messages to BigQuery, Cloud Storage or Bigtable.",
    );
  }
  refuseTransforms(given.messageTransforms);
}

export function refuseTransforms(transforms: readonly unknown[]): void {
  if (transforms.length === 0) return;
  throw new PubsubError("UNIMPLEMENTED", "The emulator does not run message transforms.");
}

function checkExpiration(ttl: Duration | null): void {
  if (ttl === null || durationMs(ttl) >= PUBSUB_MIN_EXPIRATION_TTL_MS) return;
  throw invalidArgument(
    `The expiration policy's ttl must be at least 1 day; got ${durationMs(ttl) / 1000} seconds.`,
  );
}

function resolveDeadLetterPolicy(policy: DeadLetterPolicy | null): DeadLetterPolicy | null {
  if (policy === null) return null;
  checkResourceName(policy.deadLetterTopic, "topics");
  const attempts =
    policy.maxDeliveryAttempts === 0 ? PUBSUB_DEFAULT_DELIVERY_ATTEMPTS : policy.maxDeliveryAttempts;
  if (attempts < PUBSUB_MIN_DELIVERY_ATTEMPTS || attempts > PUBSUB_MAX_DELIVERY_ATTEMPTS) {
    throw invalidArgument(
      `Max delivery attempts must be between ${PUBSUB_MIN_DELIVERY_ATTEMPTS} and ${PUBSUB_MAX_DELIVERY_ATTEMPTS}; got ${attempts}.`,
    );
  }
  return { ...policy, maxDeliveryAttempts: attempts };
}

function resolveRetryPolicy(policy: RetryPolicy | null): RetryPolicy | null {
  if (policy === null) return null;
  const minimumBackoff = policy.minimumBackoff ?? durationOf(PUBSUB_DEFAULT_MIN_BACKOFF_MS);
  const maximumBackoff = policy.maximumBackoff ?? durationOf(PUBSUB_DEFAULT_MAX_BACKOFF_MS);
  for (const [name, backoff] of Object.entries({ minimumBackoff, maximumBackoff })) {
    const ms = durationMs(backoff);
    if (ms >= 0 && ms <= PUBSUB_MAX_BACKOFF_MS) continue;
    throw invalidArgument(`The retry policy's ${name} must be between 0 and 600 seconds; got ${ms / 1000}.`);
  }
  if (durationMs(minimumBackoff) > durationMs(maximumBackoff)) {
    throw invalidArgument("The retry policy's minimum backoff must not exceed its maximum backoff.");
  }
  return { minimumBackoff, maximumBackoff };
}
