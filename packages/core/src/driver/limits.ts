/** Bounds of one batched operation. */
export interface OperationLimits {
  readonly maxItems: number;
  /** Requests of this operation that may be out at once. */
  readonly maxInFlight: number;
}

/** Bounds of a batched send. */
export interface SendLimits extends OperationLimits {
  readonly maxBytes: number;
  /** Added once to the sum of `sizeOf` of a batch. */
  readonly overheadBytes: number;
}

/** Bounds of receiving. */
export interface ReceiveLimits {
  readonly maxItems: number;
  readonly maxWaitMs: number;
  /** `receiveBatch` calls that may overlap. */
  readonly parallel: number;
  /** True where every ask costs money, an empty one too. */
  readonly billed: boolean;
}

/** Bounds of leases, in milliseconds. `totalMs` is the longest that one delivery can be held; may be Infinity. */
export interface LeaseLimits {
  readonly minMs: number;
  readonly maxMs: number;
  readonly totalMs: number;
}

/** Bounds of user attributes; the adapter's own attributes are already subtracted. */
export interface AttributeLimits {
  readonly maxCount: number;
  readonly maxNameBytes: number;
  readonly maxValueBytes: number;
  /** A legal name; absent: any non-empty string. */
  readonly namePattern?: RegExp;
  /** Prefixes that the vendor keeps for itself, in lower case. */
  readonly reservedPrefixes: readonly string[];
  /** True where an empty value survives the round trip. */
  readonly emptyValues: boolean;
  /** A legal value; absent: any well-formed string. */
  readonly valuePattern?: RegExp;
}

/** Bounds of an ordering key or a deduplication id. */
export interface KeyLimits {
  readonly maxLength: number;
  readonly pattern?: RegExp;
}

/** Numbers of one target; constants live in each adapter's `*-limits.ts` with source and date, `probe` refines them. */
export interface Limits {
  /** Largest message by the vendor's own counting (`sizeOf`), attributes included. */
  readonly maxMessageBytes: number;
  readonly send: SendLimits;
  readonly receive: ReceiveLimits;
  readonly ack: OperationLimits;
  readonly release: OperationLimits;
  readonly extend: OperationLimits;
  readonly deadLetter: OperationLimits;
  readonly lease: LeaseLimits;
  readonly attributes: AttributeLimits;
  readonly orderingKey: KeyLimits;
  readonly deduplicationId: KeyLimits;
}
