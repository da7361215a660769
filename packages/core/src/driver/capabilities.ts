/** What some provider lacks and a definition may therefore need. */
export type Feature = "ordering" | "deduplication" | "delay" | "ttl";

/** A delay that a service performs itself, up to `maxMs` milliseconds. */
export interface NativeDelay {
  readonly maxMs: number;
}

/**
 * What one target can do, as data. The types, the start-up checks and the documentation read the same values.
 * `resolve` states what is known without I/O, `probe` refines it.
 */
export interface Capabilities {
  /** `by-key`: deliveries of one ordering key are handed over in send order. */
  readonly ordering: "none" | "by-key";
  /** `window`: a second send with the same deduplication id inside the service's window stores nothing. */
  readonly deduplication: "none" | "window";
  /** Delay of a single message at send time. */
  readonly sendDelay: "none" | NativeDelay;
  /** Delay of a released delivery, done by the service. */
  readonly releaseDelay: "none" | NativeDelay;
  /** `timed`: a lease per delivery · `shared`: a lease per `leaseKey` · `link`: held as long as the link lives · `none`. */
  readonly lease: "none" | "timed" | "shared" | "link";
  /** Who sets the length of a lease: each receive of the consumer, or the entity's own setting. */
  readonly leaseSetBy: "consumer" | "entity";
  /** `none`: the service takes nothing back before the lease ends. */
  readonly release: "native" | "none";
  /** `native`: the client can move one delivery to the dead letters in one operation (`deadLetterBatch` exists). */
  readonly deadLetter: "none" | "native";
  readonly deliveryCount: "none" | "approximate" | "exact";
  /** `confirmed`: a settle answer is the truth · `accepted`: taken, effect unknown · `lateOk`: also succeeds after the lease ended. */
  readonly settle: "confirmed" | "accepted" | "lateOk";
  /** `mayStrand`: an aborted receive may leave deliveries that return only when their lease ends. */
  readonly abort: "clean" | "mayStrand";
  /** What happens to buffered followers of a released delivery of one key (rule D15). */
  readonly followers: "release" | "hold" | "drop";
  /** `bounded`: a stalled ordering key takes room from other keys. */
  readonly isolation: "free" | "bounded";
  /** `atomic`: one bad message refuses its whole batch. */
  readonly batchFailure: "per-item" | "atomic";
  /** `uniform`: all messages of a batch must share one ordering key. */
  readonly batchKey: "mixed" | "uniform";
  readonly ttl: boolean;
  readonly peek: boolean;
  readonly cancel: boolean;
  readonly filter: boolean;
  readonly exactlyOnceAck: boolean;
}
