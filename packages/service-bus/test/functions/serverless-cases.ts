/**
 * Of the cases for functions, what is seen in the dead letters, or ends with a last attempt before them: the default binding
 * has no dead letters but those of the queue's own policy, and so no last attempt.
 */
export const DEAD_LETTER_CASES: readonly string[] = [
  ...["CONS-08", "RTRY-02", "RTRY-04", "RTRY-05", "RTRY-06", "RTRY-15", "RTRY-18", "HDRS-11"],
  ...["RTRY-01", "RTRY-10", "ORDR-09"],
];

/**
 * What means nothing for calls of many messages with the default binding: how long a retry waits. Its delay is waited for in
 * the call, and ends with the lock, which nobody renews there.
 */
export const KEPT_LOCK_CASES: readonly string[] = ["RTRY-03", "RTRY-13"];
