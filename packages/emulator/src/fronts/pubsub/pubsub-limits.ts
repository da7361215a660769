/** https://cloud.google.com/pubsub/quotas#resource_limits (2026-11-29) */
export const PUBSUB_MAX_REQUEST_BYTES = 10_000_000;
export const PUBSUB_MAX_PUBLISH_MESSAGES = 1000;
export const PUBSUB_MAX_ATTRIBUTES = 100;
export const PUBSUB_MAX_ATTRIBUTE_KEY_BYTES = 256;
export const PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES = 1024;
export const PUBSUB_MAX_ORDERING_KEY_BYTES = 1024;
/** Maximum size of an Acknowledge or ModifyAckDeadline request. */
export const PUBSUB_MAX_ACK_REQUEST_BYTES = 512 * 1024;
/** https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax (2026-11-29) */
export const PUBSUB_MAX_FILTER_BYTES = 256;

/** https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#subscription (2026-11-29) */
export const PUBSUB_MIN_ACK_DEADLINE_SECONDS = 10;
export const PUBSUB_MAX_ACK_DEADLINE_SECONDS = 600;
export const PUBSUB_DEFAULT_ACK_DEADLINE_SECONDS = 10;
export const PUBSUB_MIN_RETENTION_MS = 10 * 60_000;
export const PUBSUB_MAX_RETENTION_MS = 31 * 86_400_000;
export const PUBSUB_DEFAULT_RETENTION_MS = 7 * 86_400_000;
export const PUBSUB_MIN_EXPIRATION_TTL_MS = 86_400_000;
export const PUBSUB_DEFAULT_EXPIRATION_TTL_MS = 31 * 86_400_000;
export const PUBSUB_MIN_DELIVERY_ATTEMPTS = 5;
export const PUBSUB_MAX_DELIVERY_ATTEMPTS = 100;
export const PUBSUB_DEFAULT_DELIVERY_ATTEMPTS = 5;
export const PUBSUB_MAX_BACKOFF_MS = 600_000;
export const PUBSUB_DEFAULT_MIN_BACKOFF_MS = 10_000;
export const PUBSUB_DEFAULT_MAX_BACKOFF_MS = 600_000;

/** A snapshot lives for seven days minus the age of its oldest message, and for at least an hour. */
export const PUBSUB_SNAPSHOT_LIFE_MS = 7 * 86_400_000;
export const PUBSUB_MIN_SNAPSHOT_LIFE_MS = 60 * 60_000;

export const PUBSUB_DEFAULT_PAGE_SIZE = 100;
export const PUBSUB_MAX_PAGE_SIZE = 1000;

/** A pull that finds nothing ends empty after this time. The vendor says "bounded" but gives no number. */
export const PUBSUB_MAX_PULL_WAIT_MS = 90_000;

/** Maximum number of concurrent pushes per subscription. */
export const PUBSUB_MAX_OUTSTANDING_PUSHES = 100;
