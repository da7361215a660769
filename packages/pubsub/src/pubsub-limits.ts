import { RESERVED, type Capabilities, type Limits } from "@anyqueue/core/adapter";

// Quotas and limits: https://cloud.google.com/pubsub/quotas#resource_limits (2026-11-29)
// Names: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names (2026-11-29)
// Fields and their ranges: google/pubsub/v1/pubsub.proto as shipped with @google-cloud/pubsub 6.3.0

/** A whole publish request; the service counts decimal megabytes. */
const PUBSUB_MAX_REQUEST_BYTES = 10_000_000;
/** The rest of a publish request: the topic's full name, at most 8 + 63 + 8 + 255 bytes, and tags. */
const PUBSUB_REQUEST_OVERHEAD_BYTES = 512;
/** Messages of one publish request. */
const PUBSUB_MAX_PUBLISH_ITEMS = 1_000;
/** Attributes of one message, bytes of a name, bytes of a value. */
const PUBSUB_MAX_ATTRIBUTES = 100;
const PUBSUB_MAX_ATTRIBUTE_NAME_BYTES = 256;
const PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES = 1_024;
/** Bytes of an ordering key. The limit below counts characters, so that the longest UTF-8 form still fits. */
const PUBSUB_MAX_ORDERING_KEY_BYTES = 1_024;
/** Attributes of the 100 that are ours: id, content type (two forms), correlation id, reply to, subject. */
const OWN_ATTRIBUTES = 6;
/** Topics and subscriptions. */
export const PUBSUB_NAME: RegExp = /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;

/** Ack deadline of a subscription or a stream. */
export const PUBSUB_MIN_LEASE_MS = 10_000;
export const PUBSUB_MAX_LEASE_MS = 600_000;
/** One acknowledge or modifyAckDeadline request: bytes of ack ids, the subscription's name included. */
export const PUBSUB_MAX_ACK_BYTES = 524_288;
/** Ids of one request. At 180 to 210 bytes each, seen on the wire, 2,500 stay below the bytes. */
export const PUBSUB_MAX_ACK_IDS = 2_500;
/**
 * Ids of one request to an exactly-once subscription. The trailers of the answer name each refused id with
 * its reason, in base64. With some more ids they would exceed Node's 64 KiB for headers, and no result would
 * arrive at all.
 */
export const PUBSUB_MAX_CONFIRMED_IDS = 150;
/** Delivery attempts of a dead-letter policy; 0 in the policy means 5. */
export const PUBSUB_MIN_DELIVERIES = 5;
const PUBSUB_MAX_DELIVERIES = 100;
/** Backoff of a retry policy. */
export const PUBSUB_DEFAULT_MIN_BACKOFF_MS = 10_000;
/** Messages of one unary pull; asking for more is useless. */
const PUBSUB_MAX_PULL_ITEMS = 1_000;
/**
 * Unacknowledged bytes of one consumer: what the SDK allows each stream; @google-cloud/pubsub 6.3.0,
 * subscriber.js.
 */
export const PUBSUB_MAX_OUTSTANDING_BYTES = 104_857_600;

// Ours, not the vendor's.

/** Body of a push: the largest message's data as base64, attributes with each character escaped, and room. */
export const PUSH_MAX_REQUEST_BYTES = 16_777_216;

/** Timeout of one request. The SDK's own is 600 s, and the error that it reports then hides the real code. */
export const REQUEST_TIMEOUT_MS = 15_000;
/**
 * gRPC's deadline for a request that has a limit of ours or of the core. After a blocked event loop gRPC would
 * end it before it reads its answer, so its deadline comes much later (docs/decisions/0070).
 */
export const OUTER_TIMEOUT_MS = 180_000;
/**
 * Timeout for finding credentials and for reading an entity: a start must fail within 5 s (D13), and the SDK
 * has to be loaded, too.
 */
export const LOOKUP_TIMEOUT_MS = 4_000;
/**
 * A start looks up credentials several times in a row. The error of a lookup that took `SLOW_LOOKUP_MS` or
 * longer is reused for `SAME_START_MS`.
 */
export const SLOW_LOOKUP_MS = 1_000;
export const SAME_START_MS = 2_000;
/** Our deadline for a stream; the server ends a stream after about half an hour. */
export const STREAM_LIFETIME_MS = 1_800_000;
/** Time until a stream is asked for a sign of life, and for its answer; as in the SDK's own subscriber. */
export const KEEPALIVE_MS = 30_000;
export const KEEPALIVE_ANSWER_MS = 15_000;
/** A stream that ends sooner than this has failed; the back-off is up to the core. */
export const HEALTHY_STREAM_MS = 1_000;
/** How long an opening consumer waits for the first sign of its stream; silence is no refusal. */
export const OPEN_ANSWER_MS = 1_500;
/** How long `close` waits for deliveries that are still on their way, to give them back. */
export const LATE_ANSWER_MS = 500;
/**
 * A connection that does not answer a ping is replaced: if a network silently drops packets, every new stream
 * and request would use the same dead connection. The SDK's own 5 minutes are too long for a consumer to
 * stand still.
 */
export const PING_MS = 30_000;
export const PING_ANSWER_MS = 10_000;
/**
 * Longest pause between two tries to connect, give or take a fifth: as long as the core waits between two tries of one
 * request. gRPC's own is two minutes, for which everything would go on failing after an outage that is over.
 * https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md (2026-12-01)
 */
export const RECONNECT_MS = 5_000;
/** The service allows 100 HTTP/2 streams per connection; some stay free for requests. */
export const STREAMS_PER_CONNECTION = 80;
/** HTTP/2 window of a connection. At the default of 64 KiB a 10 ms round trip limits any reader to 6 MB/s. */
export const FLOW_CONTROL_WINDOW_BYTES = 4_194_304;

/**
 * Google's high-level client replaces `{{projectId}}` by the project in names, attributes and ordering keys;
 * the generated client does not. A high-level client that forwards such a message would change it.
 */
const PLACEHOLDER_FREE: RegExp = /^(?![^]*\{\{projectId\}\})/;

export const PUBSUB_CAPABILITIES: Capabilities = Object.freeze({
  ordering: "none",
  deduplication: "none",
  sendDelay: "none",
  releaseDelay: { maxMs: PUBSUB_MAX_LEASE_MS },
  lease: "timed",
  leaseSetBy: "consumer",
  release: "native",
  deadLetter: "none",
  // Counted only if there is a dead-letter policy; the probe reports `none` if there is none.
  deliveryCount: "approximate",
  settle: "accepted",
  abort: "mayStrand",
  followers: "drop",
  isolation: "bounded",
  batchFailure: "atomic",
  batchKey: "uniform",
  ttl: false,
  peek: false,
  cancel: false,
  filter: true,
  exactlyOnceAck: false,
});

/** For definitions that need ordering; the probe finds out whether the subscription keeps order. */
export const ORDERED_CAPABILITIES: Capabilities = Object.freeze({
  ...PUBSUB_CAPABILITIES,
  ordering: "by-key",
});

export const PUBSUB_LIMITS: Limits = Object.freeze({
  maxMessageBytes: PUBSUB_MAX_REQUEST_BYTES - PUBSUB_REQUEST_OVERHEAD_BYTES,
  send: {
    maxItems: PUBSUB_MAX_PUBLISH_ITEMS,
    maxInFlight: 8,
    maxBytes: PUBSUB_MAX_REQUEST_BYTES,
    overheadBytes: PUBSUB_REQUEST_OVERHEAD_BYTES,
  },
  // A stream brings what the flow allows, however large the ask; small asks keep little behind a busy key.
  // One ask at a time, so that redeliveries after a failure come in the order of the answers.
  receive: { maxItems: 100, maxWaitMs: 20_000, parallel: 1, billed: false },
  ack: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  release: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  extend: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  deadLetter: { maxItems: PUBSUB_MAX_PULL_ITEMS, maxInFlight: 2 },
  maxDeliveries: PUBSUB_MAX_DELIVERIES,
  lease: { minMs: PUBSUB_MIN_LEASE_MS, maxMs: PUBSUB_MAX_LEASE_MS, totalMs: Number.POSITIVE_INFINITY },
  attributes: {
    maxCount: PUBSUB_MAX_ATTRIBUTES - OWN_ATTRIBUTES - Object.keys(RESERVED).length,
    maxNameBytes: PUBSUB_MAX_ATTRIBUTE_NAME_BYTES,
    maxValueBytes: PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES,
    namePattern: PLACEHOLDER_FREE,
    reservedPrefixes: ["goog"],
    emptyValues: true,
    valuePattern: PLACEHOLDER_FREE,
  },
  orderingKey: { maxLength: Math.floor(PUBSUB_MAX_ORDERING_KEY_BYTES / 3), pattern: PLACEHOLDER_FREE },
  deduplicationId: { maxLength: 128 },
});

/**
 * A request holds one key only, so with many keys the round trip limits the sends: at 30 ms and 8 requests, 4,000
 * messages in the 15 s that a send has. A connection takes 100 calls at once, and other clients share it.
 */
export const ORDERED_LIMITS: Limits = Object.freeze({
  ...PUBSUB_LIMITS,
  send: { ...PUBSUB_LIMITS.send, maxInFlight: 64 },
});
