/** Bounds of one batched operation. */
export interface OperationLimits {
  /** The most items in one request, 1 or more. */
  readonly maxItems: number;
  /** The most requests of this operation on their way at once. */
  readonly maxInFlight: number;
}

/** Bounds of a batched send. */
export interface SendLimits extends OperationLimits {
  /** The most bytes in one request, by `sizeOf`. */
  readonly maxBytes: number;
  /** Bytes of a batch in addition to the sum of its messages' `sizeOf`. */
  readonly overheadBytes: number;
}

/** Bounds of receiving. */
export interface ReceiveLimits {
  /** The most deliveries of one request, 1 or more. */
  readonly maxItems: number;
  /** The longest wait of one request, in milliseconds. */
  readonly maxWaitMs: number;
  /** The most `receiveBatch` calls that may overlap. */
  readonly parallel: number;
  /** True if every receive request costs money, even when it returns nothing. */
  readonly billed: boolean;
}

/** Bounds of leases, in milliseconds. */
export interface LeaseLimits {
  /** The shortest lease. */
  readonly minMs: number;
  /** The longest lease that one request can ask for. */
  readonly maxMs: number;
  /** The longest time that one delivery can be held, renewals included; may be Infinity. */
  readonly totalMs: number;
}

/** Bounds of the application's attributes, without what the adapter needs for its own. */
export interface AttributeLimits {
  /** The most attributes of a message. */
  readonly maxCount: number;
  /** The most bytes of a name, in UTF-8. */
  readonly maxNameBytes: number;
  /** The most bytes of a value, in UTF-8; also of a correlation id and of `replyTo`. */
  readonly maxValueBytes: number;
  /** Pattern of legal names; absent: any non-empty string. */
  readonly namePattern?: RegExp;
  /** Prefixes that the vendor reserves. They are in lower case and compared without regard to case. */
  readonly reservedPrefixes: readonly string[];
  /** True if an empty value arrives as an empty value. */
  readonly emptyValues: boolean;
  /** Pattern of legal values; absent: any well-formed string. */
  readonly valuePattern?: RegExp;
}

/** Bounds of an ordering key or a deduplication id. */
export interface KeyLimits {
  /** The most characters, as JavaScript counts them. */
  readonly maxLength: number;
  /** Pattern of legal keys or ids; absent: any well-formed string. */
  readonly pattern?: RegExp;
}

/** The limits of one target: constants of `*-limits.ts`, with source and date, refined by `probe`. */
export interface Limits {
  /** Size of the largest message as the vendor counts it (`sizeOf`), attributes included. */
  readonly maxMessageBytes: number;
  /** Bounds of `sendBatch`. */
  readonly send: SendLimits;
  /** Bounds of `receiveBatch`. */
  readonly receive: ReceiveLimits;
  /** Bounds of `ackBatch`. */
  readonly ack: OperationLimits;
  /** Bounds of `releaseBatch`. */
  readonly release: OperationLimits;
  /** Bounds of `extendBatch`. */
  readonly extend: OperationLimits;
  /** Bounds of `deadLetterBatch`. */
  readonly deadLetter: OperationLimits;
  /** How long a delivery can be held. */
  readonly lease: LeaseLimits;
  /** The most deliveries after which the service can be told to dead-letter. @default no limit */
  readonly maxDeliveries?: number;
  /** Bounds of the application's attributes. */
  readonly attributes: AttributeLimits;
  /** Bounds of an ordering key. */
  readonly orderingKey: KeyLimits;
  /** Bounds of a deduplication id. */
  readonly deduplicationId: KeyLimits;
}
