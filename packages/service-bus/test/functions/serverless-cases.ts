/**
 * Conformance cases for functions that look at dead letters, or end with a last attempt before them. With the
 * default binding, only the queue's own policy makes dead letters, so there is no last attempt.
 */
export const DEAD_LETTER_CASES: readonly string[] = [
  ...["CONS-08", "RTRY-02", "RTRY-04", "RTRY-05", "RTRY-06", "RTRY-15", "RTRY-18", "HDRS-11"],
  ...["RTRY-01", "RTRY-10", "ORDR-09"],
];

/**
 * Cases about how long a retry waits. They mean nothing for calls of many messages with the default binding:
 * the call waits for the delay, which ends with the lock, and nobody renews that lock there.
 */
export const KEPT_LOCK_CASES: readonly string[] = ["RTRY-03", "RTRY-13"];
