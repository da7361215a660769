/** A message for a driver to send: validated, encoded, and within the target's {@link Limits}. */
export interface OutgoingMessage {
  /** The application's id, 1 to 128 characters; a random one if the application gave none. */
  readonly id: string;
  /** The encoded body. May be a getter of a class, so that a copy made with `...` lacks it. */
  readonly body: Uint8Array;
  /** The body as text, whose UTF-8 is `body`. Only if the driver `takesText` and the codec made text. */
  readonly text?: string;
  /** The content type on the wire, such as `"application/json"`. */
  readonly contentType: string;
  /** The application's attributes, and the core's own, whose names begin with `aq-`. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Only on a copy: the native types of its attributes, as delivered. A driver that can send other types than
   * text restores them (D10).
   */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** Messages of one key must arrive in the order in which they are given. */
  readonly orderingKey?: string;
  /** The application's id if the definition needs deduplication, else a token of this send, for all tries. */
  readonly deduplicationId?: string;
  /** Earliest time of delivery, in milliseconds since the Unix epoch; within the target's `sendDelay`. */
  readonly deliverAtMs?: number;
  /**
   * The message is dropped after this time, in milliseconds, from the send or from `deliverAtMs`; only if the
   * target has `ttl`.
   */
  readonly ttlMs?: number;
  /** The conversation that the message belongs to. */
  readonly correlationId?: string;
  /** Where an answer is expected. */
  readonly replyTo?: string;
  /** The subject or label of a copied foreign message; the core sets none of its own. */
  readonly subject?: string;
}

/** What the service itself says of a dead letter. */
export interface DeadLetterInfo {
  /** Why it is a dead letter: the service's own reason, or the one given when it was moved. */
  readonly reason?: string;
  /** Details of the reason. */
  readonly description?: string;
  /** The entity that the dead letter comes from. */
  readonly source?: string;
}

/** One hand-over of a message; a redelivery is a new one with a new handle. Members may be getters. */
export interface Delivery<Handle> {
  /** What the adapter needs to settle this delivery. Only the adapter reads it. */
  readonly handle: Handle;
  /** The application's id if the message carries one, else the provider's. */
  readonly id: string;
  /** The provider's id of the stored message: unique, and the same on each delivery of the message. */
  readonly providerId: string;
  /** The body as received. */
  readonly body: Uint8Array;
  /**
   * The body as text, if it was received as text. `body` is its UTF-8 and may be encoded only when read, so
   * that memory holds the body once. Text codecs read it. Has no lone surrogates, which UTF-8 cannot carry.
   */
  readonly text?: string | undefined;
  /** The content type as the sender wrote it; absent if there was none. */
  readonly contentType?: string;
  /** All attributes of the message, including the core's own (`aq-…`). */
  readonly attributes: Readonly<Record<string, string>>;
  /** The provider's types of the attributes that were not strings, by name. */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** Messages of one key are handed over in their order; absent if the target keeps no order. */
  readonly orderingKey?: string;
  /** Deliveries with the same leaseKey share one lease (a session), which is renewed once for all of them. */
  readonly leaseKey?: string;
  /** The deduplication id, as sent. */
  readonly deduplicationId?: string;
  /** The correlation id, as sent. */
  readonly correlationId?: string;
  /** Where the sender expects an answer, as sent. */
  readonly replyTo?: string;
  /** The subject or label that the sender gave it. */
  readonly subject?: string;
  /** How often the message was handed over, this delivery included: 1 on the first. Absent if not known. */
  readonly deliveryCount?: number;
  /**
   * When the service accepted the message, in milliseconds since the Unix epoch. The same on each delivery of
   * a stored message. Distinguishes it from a message with the same id in a queue that was deleted and
   * created again.
   */
  readonly enqueuedAtMs?: number;
  /** When the service drops the message, in milliseconds since the Unix epoch; absent if not known. */
  readonly expiresAtMs?: number;
  /** Lease left when `receiveBatch` resolves, in milliseconds (D14); absent: it lasts as long as the link. */
  readonly leaseMs?: number;
  /** What the service itself says of a dead letter. */
  readonly deadLetter?: DeadLetterInfo;
  /** Why the adapter could not decode the wire form. The core treats the delivery as an invalid message. */
  readonly malformed?: string;
  /** The SDK's own object, `message.native` of the handler. */
  readonly native: unknown;
}
