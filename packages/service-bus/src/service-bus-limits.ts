import type { Capabilities, EntityRef, Limits } from "@anyqueue/core/adapter";

// Quotas: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29)
// Large messages: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-premium-messaging#large-messages-support (2026-11-29)
// Locks: https://learn.microsoft.com/azure/service-bus-messaging/message-transfers-locks-settlement (2026-11-29)

/** One message of the Basic and Standard tiers. A probe and an open sender read a Premium entity's own. */
export const STANDARD_MAX_MESSAGE_BYTES = 262_144;
/** One message of the Premium tier. An entity takes 1 MB unless it was raised. */
export const PREMIUM_MAX_MESSAGE_BYTES = 104_857_600;
/** One batch of the Premium tier, even if its single messages may have 100 MB. https://github.com/Azure/azure-sdk-for-js/issues/33278 (2026-11-29) */
export const MAX_BATCH_BYTES = 1_048_576;
/** The service refuses batches of more than 4,500 messages. https://github.com/Azure/azure-service-bus/issues/397 (2026-11-29) */
export const MAX_BATCH_ITEMS = 4_000;
/** All headers of one message together, including the service's own. */
export const MAX_HEADER_BYTES = 65_536;
/** One application property. */
const MAX_PROPERTY_BYTES = 32_767;
/** `messageId` and `sessionId`; the SDK itself refuses longer ones. */
export const MAX_ID_LENGTH = 128;
/** `LockDuration` of an entity. */
export const MIN_LOCK_MS = 5_000;
export const MAX_LOCK_MS = 300_000;
/** `MaxDeliveryCount` of an entity. */
export const MAX_DELIVERY_COUNT = 2_000;
/** The service cuts off a longer reason or description of a dead letter. */
export const MAX_REASON_LENGTH = 4_096;
/** rhea 3.0.5 has room for 2,048 unsettled deliveries on one link: half is left for pending settlements. */
export const MAX_LINK_CREDIT = 1_000;
/** 49 days: AMQP's header has 32 bits. For a longer life, the times of creation and end are written. */
export const MAX_HEADER_TTL_MS = 4_294_967_295;
/** The SDK's own "never". */
export const LAST_EXPIRY_MS: number = Date.UTC(9999, 11, 31, 7, 59, 59);
/** Messages of one peek. https://learn.microsoft.com/azure/service-bus-messaging/message-browsing (2026-11-29) */
export const MAX_PEEK_ITEMS = 250;

// Ours, not the vendor's.

/** One request. Below the 15 s that the core waits, so that the error of this package comes first. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Until a link is open and has credit: the SDK then tells that nothing was sent. */
export const OPEN_TIMEOUT_MS = 9_000;
/**
 * The SDK's limit of what has one of ours or of the core (docs/decisions/0070). After two minutes rhea (3.0.5)
 * ends a connection on which nothing was read.
 */
export const OUTER_TIMEOUT_MS = 120_000;
/** A credential without a token by then has failed: a start must end within 5 s, and connects first. */
export const TOKEN_TIMEOUT_MS = 4_000;
/**
 * A connection that is silent for this long is dead: the SDK asks for a sign of life at least once a minute,
 * and the service gives one every 30 s. The SDK itself waits for two minutes.
 */
export const SILENCE_MS = 45_000;
/** How often a connection is checked. */
export const SILENCE_LOOK_MS = 5_000;
/** The largest frame that the service may send: a larger message comes in several. */
export const MAX_FRAME_BYTES = 1_048_576;
/** How long `close` waits for the SDK before it cuts the connection: everything is settled by then. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** How long the service may take to say that nothing more is on its way; the SDK itself allows 200 ms. */
export const DRAIN_TIMEOUT_MS = 2_000;
/** The least time between a link and the link that replaces it. */
export const REOPEN_PAUSE_MS = 500;
/** A link with credit that brought nothing for this long is compared with what the entity holds. */
export const WATCHDOG_MS = 120_000;
/** A session without messages is let go after this time if a lane is free. */
export const SESSION_IDLE_MS = 1_000;
/** The least such time if all lanes are taken and others may wait; three round trips if that is longer. */
export const CONTESTED_IDLE_MS = 10;
/** How long a newly locked session may take to bring its first message. */
export const FIRST_MESSAGE_MS = 500;
/** A session that keeps a lane busy for this long gives way to others. */
export const SESSION_TURN_MS = 30_000;
/** The most `acceptNextSession` calls that wait at the service at once. */
export const MAX_ACCEPTS = 8;
/** The pause after an accept that failed at once, and after the second session that was lost so soon. */
export const ACCEPT_PAUSE_MS = 1_000;
/** The longest delay that we pass on; the service documents no bound. Ten years. */
const MAX_DELAY_MS = 315_360_000_000;

/** Capabilities of a target as far as its definition tells them. */
export function capabilitiesOf(
  ref: EntityRef,
  { isOrdered, canCancel }: { readonly isOrdered: boolean; readonly canCancel: boolean },
): Capabilities {
  return {
    ordering: isOrdered ? "by-key" : "none",
    deduplication: ref.features.includes("deduplication") ? "window" : "none",
    sendDelay: { maxMs: MAX_DELAY_MS },
    releaseDelay: "none",
    lease: isOrdered ? "shared" : "timed",
    leaseSetBy: "entity",
    release: "native",
    // A dead letter has nowhere further to go.
    deadLetter: ref.kind === "dead-letter" ? "none" : "native",
    deliveryCount: "exact",
    settle: "confirmed",
    abort: "clean",
    // A failed message of a session comes back on the same link, before what follows it.
    followers: isOrdered ? "hold" : "release",
    isolation: "free",
    batchFailure: "atomic",
    batchKey: isOrdered ? "uniform" : "mixed",
    ttl: true,
    peek: true,
    cancel: canCancel,
    filter: ref.kind === "subscription",
    exactlyOnceAck: false,
  };
}

/** What the Standard tier takes. */
export const SERVICE_BUS_LIMITS: Limits = Object.freeze({
  maxMessageBytes: STANDARD_MAX_MESSAGE_BYTES,
  // Beyond four batches in flight, one thread of the SDK is always busy. The driver splits by exact size.
  send: {
    maxItems: MAX_BATCH_ITEMS,
    maxInFlight: 4,
    maxBytes: STANDARD_MAX_MESSAGE_BYTES,
    overheadBytes: 0,
  },
  // The service pushes: an ask only waits for what arrives.
  receive: { maxItems: 200, maxWaitMs: 30_000, parallel: 1, billed: false },
  ack: { maxItems: 200, maxInFlight: 8 },
  release: { maxItems: 200, maxInFlight: 4 },
  // The SDK renews one lock per call.
  extend: { maxItems: 1, maxInFlight: 32 },
  deadLetter: { maxItems: 200, maxInFlight: 4 },
  maxDeliveries: MAX_DELIVERY_COUNT,
  lease: { minMs: MIN_LOCK_MS, maxMs: MAX_LOCK_MS, totalMs: Number.POSITIVE_INFINITY },
  attributes: {
    // Bounded by the 64 KB of all headers, which the driver checks.
    maxCount: 250,
    maxNameBytes: 1_024,
    maxValueBytes: MAX_PROPERTY_BYTES,
    reservedPrefixes: [],
    emptyValues: true,
  },
  orderingKey: { maxLength: MAX_ID_LENGTH },
  deduplicationId: { maxLength: MAX_ID_LENGTH },
});

/**
 * With sessions, a request holds one only, so with many the round trip limits the sends: at 30 ms and 4 requests,
 * 2,000 messages in the 15 s that a send has.
 */
export function limitsOf({
  isOrdered,
  maxMessageBytes,
}: {
  isOrdered: boolean;
  maxMessageBytes: number;
}): Limits {
  const { send } = SERVICE_BUS_LIMITS;
  return Object.freeze({
    ...SERVICE_BUS_LIMITS,
    maxMessageBytes,
    send: { ...send, maxBytes: maxMessageBytes, ...(isOrdered && { maxInFlight: 32 }) },
  });
}
