/**
 * Features that not every provider has, so that a definition has to declare them: messages of one key in
 * order, sends that store a message once, a delay or a time to live for a single message.
 */
export type Feature = "ordering" | "deduplication" | "delay" | "ttl";

/** A delay that the service itself supports. */
export interface NativeDelay {
  /** The longest, in milliseconds. */
  readonly maxMs: number;
}

/**
 * What one target can do, as data. The types, the start-up checks and the documentation read the same values.
 * `resolve` returns what is known without I/O; `probe` refines it.
 */
export interface Capabilities {
  /** `by-key`: deliveries of one ordering key are handed over in the order sent. */
  readonly ordering: "none" | "by-key";
  /** `window`: a second send with the same deduplication id inside the service's window stores nothing. */
  readonly deduplication: "none" | "window";
  /** Whether, and how far, a single message can be delayed when it is sent. */
  readonly sendDelay: "none" | NativeDelay;
  /** Whether, and how far, the service can delay a released delivery; `none`: it is visible at once. */
  readonly releaseDelay: "none" | NativeDelay;
  /**
   * `timed`: each delivery has its own lease; `shared`: all deliveries of one `leaseKey` share one; `link`: a
   * lease lasts as long as the link; `none`.
   */
  readonly lease: "none" | "timed" | "shared" | "link";
  /** Who sets the length of a lease: each receive of the consumer, or the entity's own setting. */
  readonly leaseSetBy: "consumer" | "entity";
  /** `native`: a delivery can be given back at once; `none`: it comes back when its lease ends. */
  readonly release: "native" | "none";
  /** `native`: one operation moves a delivery to the dead letters (`deadLetterBatch` exists). */
  readonly deadLetter: "none" | "native";
  /**
   * Whether a delivery says how often its message was handed over. `approximate`: the count may include
   * hand-overs for which no handler began.
   */
  readonly deliveryCount: "none" | "approximate" | "exact";
  /**
   * What a successful settlement means. `confirmed`: it took effect; `accepted`: the service took the
   * request, its effect is unknown; `lateOk`: it succeeds even after the lease has ended.
   */
  readonly settle: "confirmed" | "accepted" | "lateOk";
  /**
   * `clean`: an aborted receive leaves nothing behind; `mayStrand`: it may leave deliveries that return only
   * when their lease ends.
   */
  readonly abort: "clean" | "mayStrand";
  /**
   * After a release: what the core does with the deliveries in hand that follow it on the same key (rule
   * D15). `release` them too; `hold` them until it is delivered again; `drop` them, because the service hands
   * them over again.
   */
  readonly followers: "release" | "hold" | "drop";
  /** `free`: a stalled ordering key does not affect the others; `bounded`: it takes room from them. */
  readonly isolation: "free" | "bounded";
  /** `per-item`: each message of a batch has its own result; `atomic`: one bad message refuses the batch. */
  readonly batchFailure: "per-item" | "atomic";
  /** `mixed`: a batch may hold several ordering keys; `uniform`: all of its messages must share one. */
  readonly batchKey: "mixed" | "uniform";
  /** A single message can be given a time to live. */
  readonly ttl: boolean;
  /** Messages can be looked at without a lease (`peekBatch` exists). */
  readonly peek: boolean;
  /** A message that is not due yet can be cancelled (`cancelBatch` exists). */
  readonly cancel: boolean;
  /** A subscription can be made to get only some of a topic's messages. */
  readonly filter: boolean;
  /** A message whose ack was confirmed is never delivered again. */
  readonly exactlyOnceAck: boolean;
}
