/** Every default of the engine; documentation is generated from this constant. Milliseconds and bytes. */
export const DEFAULTS = Object.freeze({
  /** Handlers running at once. */
  concurrency: 10,
  /** Lease of one delivery where the consumer sets it. */
  leaseMs: 60_000,
  /** Longest time that one delivery is held in all. */
  leaseTotalMs: 3_600_000,
  /** Handler runs of one message. */
  attempts: 5,
  /** Exponential back-off with full jitter between these two. */
  retryMinMs: 1_000,
  retryMaxMs: 300_000,
  /** `close()` waits this long for handlers. */
  drainMs: 25_000,
  /** Back-off of failing polls. */
  pollErrorMinMs: 100,
  pollErrorMaxMs: 30_000,
  /** A send in all, retries included. */
  sendTimeoutMs: 15_000,
  /** Beyond this `send` waits. */
  maxBufferedBytes: 64 * 1_024 * 1_024,
  /** Upper bound of `prefetch: "auto"`. */
  maxPrefetch: 1_000,
  /** Settlements gather this long at most. */
  settleLingerMs: 20,
});
