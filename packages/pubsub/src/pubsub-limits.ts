import { RESERVED, type Capabilities, type Limits } from "@anyqueue/core/adapter";

// Quotas and limits: https://cloud.google.com/pubsub/quotas#resource_limits (2026-11-29)
// Names: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names (2026-11-29)
// Fields and their ranges: google/pubsub/v1/pubsub.proto as shipped with @google-cloud/pubsub 6.3.0

/** One publish request with everything in it, decimal megabytes. */
const PUBSUB_MAX_REQUEST_BYTES = 10_000_000;
/** The fields of a publish request beside its messages: the topic's full name, at most 8 + 63 + 8 + 255 bytes, and tags. */
const PUBSUB_REQUEST_OVERHEAD_BYTES = 512;
/** Messages of one publish request. */
const PUBSUB_MAX_PUBLISH_ITEMS = 1_000;
/** Attributes of one message, bytes of a name, bytes of a value. */
const PUBSUB_MAX_ATTRIBUTES = 100;
const PUBSUB_MAX_ATTRIBUTE_NAME_BYTES = 256;
const PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES = 1_024;
/** Bytes of an ordering key; characters are counted here, so that the longest UTF-8 form still fits. */
const PUBSUB_MAX_ORDERING_KEY_BYTES = 1_024;
/** Ours of the hundred attributes: id, content type (two forms), correlation id, reply to, subject. */
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
 * Ids of one request to an exactly-once subscription. Each that is refused is named in the trailers of the answer, with its
 * reason, in base64: of some more Node's 64 KiB for headers would be too few, and nothing would be heard of any.
 */
export const PUBSUB_MAX_CONFIRMED_IDS = 150;
/** Delivery attempts of a dead-letter policy; 0 in the policy means 5. */
export const PUBSUB_MIN_DELIVERIES = 5;
export const PUBSUB_MAX_DELIVERIES = 100;
/** Backoff of a retry policy. */
export const PUBSUB_DEFAULT_MIN_BACKOFF_MS = 10_000;
/** Messages of one unary pull; more are asked for in vain. */
const PUBSUB_MAX_PULL_ITEMS = 1_000;
/** Unacknowledged bytes of one consumer: what the SDK allows each of its streams; @google-cloud/pubsub 6.3.0, subscriber.js. */
export const PUBSUB_MAX_OUTSTANDING_BYTES = 104_857_600;

// Ours, not the vendor's.

/** Body of a push: the data of the largest message as base64, attributes with every character escaped, and room. */
export const PUSH_MAX_REQUEST_BYTES = 16_777_216;

/** One request; the SDK's own budget is 600 s, and what it reports after that hides the real code. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Finding credentials and looking at an entity, so that a start fails within 5 s (D13), with the SDK still to be loaded. */
export const LOOKUP_TIMEOUT_MS = 4_000;
/** A start asks for credentials several times, one after the other: a lookup that took so long and failed holds for so long. */
export const SLOW_LOOKUP_MS = 1_000;
export const SAME_START_MS = 2_000;
/** The server ends a stream after about half an hour; a stream is given this long by its own deadline. */
export const STREAM_LIFETIME_MS = 1_800_000;
/** How often a quiet stream is asked for a sign of life, and how long the answer may take; as the SDK's own subscriber does. */
export const KEEPALIVE_MS = 30_000;
export const KEEPALIVE_ANSWER_MS = 15_000;
/** A stream that ends sooner than this has failed: back-off is the core's. */
export const HEALTHY_STREAM_MS = 1_000;
/** An opening consumer waits this long for the first sign of its stream; a service that says nothing refuses nothing. */
export const OPEN_ANSWER_MS = 1_500;
/** `close` waits this long for what is still on its way to be given back. */
export const LATE_ANSWER_MS = 500;
/**
 * A connection that does not answer a ping is replaced: behind a network that drops packets without a word every new stream
 * and request would go down the same dead connection. The SDK's own 5 minutes are too long for a consumer to stand still.
 */
export const PING_MS = 30_000;
export const PING_ANSWER_MS = 10_000;
/** HTTP/2 streams of one connection are 100 at the service; some stay free for requests. */
export const STREAMS_PER_CONNECTION = 80;
/** HTTP/2 window of a connection; with the 64 KiB default a round trip of 10 ms bounds every reader at 6 MB/s. */
export const FLOW_CONTROL_WINDOW_BYTES = 4_194_304;

/**
 * The generated client carries this text unchanged, Google's high-level client replaces it in names, attributes and
 * ordering keys by the project: what such a client forwards would not be what was sent.
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
  // Counted only where a dead-letter policy exists; the probe says `none` where it finds that there is none.
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

/** Of a definition that needs ordering; whether its subscription keeps order is for the probe to find out. */
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
  // A stream brings what the flow allows, however large the ask is; small asks keep the room behind a busy key small.
  // One at a time, so that what comes again after a failure comes in the order of the answers.
  receive: { maxItems: 100, maxWaitMs: 20_000, parallel: 1, billed: false },
  ack: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  release: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  extend: { maxItems: PUBSUB_MAX_ACK_IDS, maxInFlight: 2 },
  deadLetter: { maxItems: PUBSUB_MAX_PULL_ITEMS, maxInFlight: 2 },
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
