/** Bounds of one batched operation. */
export interface OperationLimits {
  /** Items of one request, 1 or more. */
  readonly maxItems: number;
  /** Requests of this operation that may be out at once. */
  readonly maxInFlight: number;
}

/** Bounds of a batched send. */
export interface SendLimits extends OperationLimits {
  /** Bytes of one request, by `sizeOf`. */
  readonly maxBytes: number;
  /** Bytes that a batch takes beyond the sum of its messages' `sizeOf`. */
  readonly overheadBytes: number;
}

/** Bounds of receiving. */
export interface ReceiveLimits {
  /** Deliveries of one request, 1 or more. */
  readonly maxItems: number;
  /** The longest wait of one request, in milliseconds. */
  readonly maxWaitMs: number;
  /** `receiveBatch` calls that may overlap. */
  readonly parallel: number;
  /** True where every ask costs money, an empty one too. */
  readonly billed: boolean;
}

/** Bounds of leases, in milliseconds. */
export interface LeaseLimits {
  /** The shortest lease. */
  readonly minMs: number;
  /** The longest lease that can be asked for at once. */
  readonly maxMs: number;
  /** The longest that one delivery can be held, renewals included; may be Infinity. */
  readonly totalMs: number;
}

/** Bounds of the application's attributes; what the adapter needs for its own is subtracted. */
export interface AttributeLimits {
  /** How many a message can carry. */
  readonly maxCount: number;
  /** Bytes of a name in UTF-8. */
  readonly maxNameBytes: number;
  /** Bytes of a value in UTF-8. */
  readonly maxValueBytes: number;
  /** What a legal name matches; absent: any string that is not empty. */
  readonly namePattern?: RegExp;
  /** What names must not begin with, because the vendor keeps it for itself; in lower case, and compared so. */
  readonly reservedPrefixes: readonly string[];
  /** True where an empty value arrives as an empty value. */
  readonly emptyValues: boolean;
  /** What a legal value matches; absent: any well-formed string. */
  readonly valuePattern?: RegExp;
}

/** Bounds of an ordering key or a deduplication id. */
export interface KeyLimits {
  /** Characters, as JavaScript counts them. */
  readonly maxLength: number;
  /** What a legal one matches; absent: any well-formed string. */
  readonly pattern?: RegExp;
}

/** Numbers of one target; constants live in each adapter's `*-limits.ts` with source and date, `probe` refines them. */
export interface Limits {
  /** Largest message by the vendor's own counting (`sizeOf`), attributes included. */
  readonly maxMessageBytes: number;
  /** Of `sendBatch`. */
  readonly send: SendLimits;
  /** Of `receiveBatch`. */
  readonly receive: ReceiveLimits;
  /** Of `ackBatch`. */
  readonly ack: OperationLimits;
  /** Of `releaseBatch`. */
  readonly release: OperationLimits;
  /** Of `extendBatch`. */
  readonly extend: OperationLimits;
  /** Of `deadLetterBatch`. */
  readonly deadLetter: OperationLimits;
  /** How long a delivery can be held. */
  readonly lease: LeaseLimits;
  /** Of the application's attributes. */
  readonly attributes: AttributeLimits;
  /** Of an ordering key. */
  readonly orderingKey: KeyLimits;
  /** Of a deduplication id. */
  readonly deduplicationId: KeyLimits;
}
