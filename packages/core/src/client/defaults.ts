/**
 * Every default of the engine, frozen; times in milliseconds, sizes in bytes. Some have no option. The
 * documentation is generated from this.
 */
export const DEFAULTS = Object.freeze({
  /** Handlers running at once in one consumer. */
  concurrency: 10,
  /** Lease of a delivery, if the consumer sets it. */
  leaseMs: 60_000,
  /** The longest time that one delivery is held, renewals included; a longer `handlerTimeout` raises it. */
  leaseTotalMs: 3_600_000,
  /** Handler runs of one message before it goes to the dead letters. */
  attempts: 5,
  /** Bound of the first back-off of a message; it doubles with each attempt, with full jitter. */
  retryMinMs: 1_000,
  /** The longest back-off of a message. */
  retryMaxMs: 300_000,
  /** How long `close()` waits for handlers. */
  drainMs: 25_000,
  /** The shortest pause of a consumer that cannot receive. */
  pollErrorMinMs: 100,
  /** The longest pause of a consumer that cannot receive. */
  pollErrorMaxMs: 30_000,
  /** The longest time that one send takes, retries included. */
  sendTimeoutMs: 15_000,
  /** Bytes that the sends of one producer hold; further sends wait. */
  maxBufferedBytes: 64 * 1_024 * 1_024,
  /** The most that `prefetch: "auto"` holds ready. */
  maxPrefetch: 1_000,
  /** The longest time that a settlement waits for others to share one request. */
  settleLingerMs: 20,
});
