/** A message for a driver to send: validated, encoded, and within the target's {@link Limits}. */
export interface OutgoingMessage {
  /** The application's id, 1 to 128 characters; a random one if it gave none. */
  readonly id: string;
  /** The encoded body. May be a getter of a class: a copy made with `...` has none. */
  readonly body: Uint8Array;
  /** The text whose UTF-8 the body is; only for a driver that `takesText`, and only where the codec made text. */
  readonly text?: string;
  /** For the wire, such as `"application/json"`. */
  readonly contentType: string;
  /** The application's attributes, and the core's own, whose names begin with `aq-`. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Native types of attributes of a copy, as they were delivered. A driver that sends more than text gives each attribute
   * its type back (D10).
   */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** Messages of one key must arrive in the order in which they are given. */
  readonly orderingKey?: string;
  /**
   * The application's id where the definition needs deduplication; else a token of this send, the same with each try of
   * it.
   */
  readonly deduplicationId?: string;
  /** Not to be delivered before this moment, in milliseconds since the Unix epoch; within the target's `sendDelay`. */
  readonly deliverAtMs?: number;
  /** To be dropped after this time, in milliseconds; only where the target has `ttl`. */
  readonly ttlMs?: number;
  /** The conversation that it belongs to. */
  readonly correlationId?: string;
  /** Where an answer is expected. */
  readonly replyTo?: string;
  /** The subject or label of a copied foreign message; the core sets none of its own. */
  readonly subject?: string;
}

/** What the service itself says of a dead letter. */
export interface DeadLetterInfo {
  /** Why it is one, in the service's words or in those that it was given. */
  readonly reason?: string;
  /** More about that. */
  readonly description?: string;
  /** The entity that it comes from. */
  readonly source?: string;
}

/** One hand-over of a message; a redelivery is a new one with a new handle. Members may be getters. */
export interface Delivery<Handle> {
  /** What the adapter needs to settle this delivery; nobody else looks into it. */
  readonly handle: Handle;
  /** The application's id if the message carries one, else the provider's. */
  readonly id: string;
  /** The provider's id of the stored message: the same with each delivery of it, and no other message's. */
  readonly providerId: string;
  /** The body as it came. */
  readonly body: Uint8Array;
  /**
   * The body as text, where it came as such: `body` is its UTF-8, and may be made when it is looked at. Without lone
   * surrogates, which UTF-8 has no form for. Codecs of text read it, and whoever holds the message holds it once.
   */
  readonly text?: string | undefined;
  /** As the sender wrote it; absent: it said none. */
  readonly contentType?: string;
  /** All that the message carries, the core's `aq-` attributes too. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The provider's types of attributes that were no strings, by name. */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** Messages of one key are handed over in their order; absent where the target keeps none. */
  readonly orderingKey?: string;
  /** Deliveries with one leaseKey share one lease (a session): renewed once. */
  readonly leaseKey?: string;
  /** As it was sent. */
  readonly deduplicationId?: string;
  /** As it was sent. */
  readonly correlationId?: string;
  /** As it was sent. */
  readonly replyTo?: string;
  /** The subject or label that the sender gave it. */
  readonly subject?: string;
  /** How often the message was handed over, this one included: 1 on the first; absent where the service cannot tell. */
  readonly deliveryCount?: number;
  /**
   * When the service took it, in milliseconds since the Unix epoch. The same with each delivery of a stored message: it
   * tells the message from one with the same id in a queue that was made anew.
   */
  readonly enqueuedAtMs?: number;
  /** When the service drops it, in milliseconds since the Unix epoch; absent: it does not say. */
  readonly expiresAtMs?: number;
  /** What is left of the lease when `receiveBatch` resolves, in milliseconds (D14); absent: it lasts as long as the link. */
  readonly leaseMs?: number;
  /** What the service itself says of a dead letter. */
  readonly deadLetter?: DeadLetterInfo;
  /**
   * What is wrong with the wire form, where the adapter could not decode it: the core treats the delivery as one that is
   * invalid.
   */
  readonly malformed?: string;
  /** The SDK's own object, `message.native` of the handler. */
  readonly native: unknown;
}
