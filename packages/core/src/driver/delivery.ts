/** Validated, encoded, within `Limits`. Attributes whose name begins with `aq-` are the core's own. */
export interface OutgoingMessage {
  /** Application id; set by the core if the caller gave none. */
  readonly id: string;
  /** May be a getter: a copy made with `...` has none. */
  readonly body: Uint8Array;
  /** The text whose UTF-8 the body is; only for a driver that `takesText`, and only where the codec made text. */
  readonly text?: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Native types of attributes of a copy, as they were delivered: a driver that sends more than text makes of each what it
   * was (D10).
   */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  /** The caller's id where the definition needs deduplication, else the core's token of this send. */
  readonly deduplicationId?: string;
  /** Unix epoch milliseconds. */
  readonly deliverAtMs?: number;
  readonly ttlMs?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
}

/** The service's own record of a dead letter. */
export interface DeadLetterInfo {
  readonly reason?: string;
  readonly description?: string;
  readonly source?: string;
}

/** One hand-over of a message; a redelivery is a new one with a new handle. Fields may be getters. */
export interface Delivery<Handle> {
  readonly handle: Handle;
  /** The application id if the message carries one, else the provider's. */
  readonly id: string;
  /** Unique identity of the stored message. */
  readonly providerId: string;
  readonly body: Uint8Array;
  /**
   * The body as text, where it came as such: `body` is its UTF-8, and may be made when it is looked at. Without lone
   * surrogates, which UTF-8 has no form for. Codecs of text read it, and whoever holds the message holds it once.
   */
  readonly text?: string | undefined;
  readonly contentType?: string;
  /** All that the message carries, the core's `aq-` attributes too. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Native types of attributes that were not strings. */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  /** Deliveries with one leaseKey share one lease (a session): renewed once. */
  readonly leaseKey?: string;
  readonly deduplicationId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
  /** 1 on the first; absent where the service cannot tell. */
  readonly deliveryCount?: number;
  /** Unix epoch; the same with each delivery of a stored message, which it tells from one of a queue that was made anew. */
  readonly enqueuedAtMs?: number;
  readonly expiresAtMs?: number;
  /** What is left when `receiveBatch` resolves (D14). */
  readonly leaseMs?: number;
  /** What the service itself says of a dead letter. */
  readonly deadLetter?: DeadLetterInfo;
  /** Set if the adapter could not decode the wire form: the core treats the delivery as undecodable with this error. */
  readonly malformed?: string;
  /** The SDK's own object. */
  readonly native: unknown;
}
