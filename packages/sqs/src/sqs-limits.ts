import type { Capabilities, Limits } from "@anyqueue/core/adapter";

// Quotas of one message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html (2026-11-24)
// Quotas of FIFO queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-fifo.html (2026-11-24)
// Operations: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html (2026-11-24)

/** Body and attributes of one message, and of one whole batch request. */
const SQS_MAX_MESSAGE_BYTES = 1_048_576;
/** No queue has a lower MaximumMessageSize. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (2026-11-29) */
export const SQS_LEAST_LIMIT_BYTES = 1_024;
/** Entries of any batch request, and messages of one receive. */
export const SQS_MAX_BATCH_ITEMS = 10;
/** Longest WaitTimeSeconds. */
export const SQS_MAX_WAIT_MS = 20_000;
/** Longest DelaySeconds of a message on a standard queue; FIFO queues take none per message. */
export const SQS_MAX_SEND_DELAY_MS = 900_000;
/** Longest visibility timeout, and the longest time in all to hold one delivery, counted from its receive. */
export const SQS_MAX_LEASE_MS = 43_200_000;
/** Attributes of one message. */
const SQS_MAX_ATTRIBUTES = 10;
/** Attributes left for the application, beside our header and our overflow. */
export const SQS_MAX_NATIVE_ATTRIBUTES: number = SQS_MAX_ATTRIBUTES - 2;
/** MessageGroupId and MessageDeduplicationId: up to 128 printable ASCII characters, no space. */
const SQS_KEY_PATTERN: RegExp = /^[\x21-\x7e]{1,128}$/;
/** Names of queues, `.fifo` included. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html (2026-11-24) */
export const SQS_QUEUE_NAME: RegExp = /^(?=.{1,80}$)[A-Za-z0-9_-]+(?:\.fifo)?$/;
/** How long a ReceiveRequestAttemptId can be repeated. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html (2026-11-24) */
export const SQS_ATTEMPT_ID_MS = 300_000;
/** Longest MessageRetentionPeriod; the default is four days. */
export const SQS_MAX_RETENTION_SECONDS = 1_209_600;
/** Longest time for which Lambda gathers a batch (MaximumBatchingWindowInSeconds). https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (2026-11-30) */
export const LAMBDA_MAX_WINDOW_MS = 300_000;
/** Highest maxReceiveCount. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html (2026-11-24) */
const SQS_MAX_RECEIVE_COUNT = 1_000;

// Ours, not the vendor's.

/** The timeout of every request but receives. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** How much longer than its wait a receive may take. */
export const RECEIVE_MARGIN_MS = 10_000;
export const CONNECT_TIMEOUT_MS = 5_000;
/** `close` waits this long for the answers of abandoned polls, and as long again for their release. */
export const LATE_ANSWER_MS = 250;
/** Kept free at the end of the 12 hours, so that a slow request is not refused by a second. */
export const LEASE_CAP_MARGIN_MS = 5_000;

const COMMON: Omit<Capabilities, "ordering" | "deduplication" | "sendDelay" | "settle"> = {
  releaseDelay: { maxMs: SQS_MAX_LEASE_MS },
  lease: "timed",
  leaseSetBy: "consumer",
  release: "native",
  deadLetter: "none",
  deliveryCount: "approximate",
  abort: "mayStrand",
  followers: "release",
  isolation: "free",
  batchFailure: "per-item",
  batchKey: "mixed",
  ttl: false,
  peek: false,
  cancel: false,
  filter: false,
  exactlyOnceAck: false,
};

export const STANDARD_CAPABILITIES: Capabilities = Object.freeze({
  ...COMMON,
  ordering: "none",
  deduplication: "none",
  sendDelay: { maxMs: SQS_MAX_SEND_DELAY_MS },
  settle: "lateOk",
});

export const FIFO_CAPABILITIES: Capabilities = Object.freeze({
  ...COMMON,
  ordering: "by-key",
  deduplication: "window",
  sendDelay: "none",
  settle: "confirmed",
});

const KEY_LIMITS = { maxLength: 128, pattern: SQS_KEY_PATTERN };

export const SQS_LIMITS: Limits = Object.freeze({
  maxMessageBytes: SQS_MAX_MESSAGE_BYTES,
  // Beyond 8 requests at once, the SDK keeps one thread busy all the time; 16 leaves room for a slow network.
  send: { maxItems: SQS_MAX_BATCH_ITEMS, maxInFlight: 16, maxBytes: SQS_MAX_MESSAGE_BYTES, overheadBytes: 0 },
  receive: { maxItems: SQS_MAX_BATCH_ITEMS, maxWaitMs: SQS_MAX_WAIT_MS, parallel: 16, billed: true },
  ack: { maxItems: SQS_MAX_BATCH_ITEMS, maxInFlight: 8 },
  release: { maxItems: SQS_MAX_BATCH_ITEMS, maxInFlight: 4 },
  extend: { maxItems: SQS_MAX_BATCH_ITEMS, maxInFlight: 4 },
  deadLetter: { maxItems: SQS_MAX_BATCH_ITEMS, maxInFlight: 4 },
  maxDeliveries: SQS_MAX_RECEIVE_COUNT,
  lease: { minMs: 1_000, maxMs: SQS_MAX_LEASE_MS, totalMs: SQS_MAX_LEASE_MS },
  attributes: {
    // SQS accepts ten. The ninth and later ones travel together in one, so that only the size limits them.
    maxCount: 100,
    maxNameBytes: 256,
    maxValueBytes: SQS_MAX_MESSAGE_BYTES,
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html (2026-11-24)
    namePattern: /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
    reservedPrefixes: ["aws.", "amazon."],
    emptyValues: true,
  },
  orderingKey: KEY_LIMITS,
  deduplicationId: KEY_LIMITS,
});
