import type { Capabilities, EntityRef, Limits } from "@anyqueue/core/adapter";

/** How long a deduplication id is remembered: five minutes, as on SQS. */
export const MEMORY_DEDUPLICATION_WINDOW_MS = 300_000;

/** Longest delay of a message, when sent or released: a year. */
export const MEMORY_MAX_DELAY_MS = 31_536_000_000;

/** Longest lease per request; it can be renewed without end. */
const MEMORY_MAX_LEASE_MS = 43_200_000;

/** The limit of SQS, so that a message that fits here fits there. */
const MEMORY_MAX_MESSAGE_BYTES = 1_048_576;

/** Names of queues, topics and subscriptions; a slash separates the parts of an entity's name. */
export const MEMORY_NAME_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,259}$/;

/** Nothing crosses a network: the bounds only keep one call from blocking the event loop. */
export const MEMORY_LIMITS: Limits = Object.freeze({
  maxMessageBytes: MEMORY_MAX_MESSAGE_BYTES,
  send: { maxItems: 1_000, maxInFlight: 2, maxBytes: 16 * MEMORY_MAX_MESSAGE_BYTES, overheadBytes: 0 },
  receive: { maxItems: 1_000, maxWaitMs: 30_000, parallel: 4, billed: false },
  ack: { maxItems: 1_000, maxInFlight: 4 },
  release: { maxItems: 1_000, maxInFlight: 4 },
  extend: { maxItems: 1_000, maxInFlight: 4 },
  deadLetter: { maxItems: 1_000, maxInFlight: 4 },
  lease: { minMs: 1, maxMs: MEMORY_MAX_LEASE_MS, totalMs: Number.POSITIVE_INFINITY },
  attributes: {
    maxCount: 100,
    maxNameBytes: 256,
    maxValueBytes: MEMORY_MAX_MESSAGE_BYTES,
    reservedPrefixes: [],
    emptyValues: true,
  },
  orderingKey: { maxLength: 128 },
  deduplicationId: { maxLength: 128 },
});

/** Capabilities of one target. A deduplication id uses memory for five minutes, so it must be asked for. */
export function memoryCapabilities(ref: EntityRef): Capabilities {
  return {
    ordering: "by-key",
    deduplication: ref.features.includes("deduplication") ? "window" : "none",
    sendDelay: { maxMs: MEMORY_MAX_DELAY_MS },
    releaseDelay: { maxMs: MEMORY_MAX_DELAY_MS },
    lease: "timed",
    leaseSetBy: "consumer",
    release: "native",
    deadLetter: ref.kind === "dead-letter" ? "none" : "native",
    deliveryCount: "exact",
    settle: "confirmed",
    abort: "clean",
    followers: "release",
    isolation: "free",
    batchFailure: "per-item",
    batchKey: "mixed",
    ttl: true,
    peek: true,
    cancel: true,
    filter: false,
    exactlyOnceAck: true,
  };
}
