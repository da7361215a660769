/**
 * The cases that make sense for a function: what a handler gets, and the consequences of what it does. The
 * others are about a consumer's own polling, leases, pull mode and shutdown, which the platform replaces, or
 * they count driver requests, of which a function has none.
 */
export const SERVERLESS_CASES: readonly string[] = [
  ...["CONS-01", "CONS-04", "CONS-05", "CONS-07", "CONS-08", "CONS-12"],
  ...["RTRY-01", "RTRY-02", "RTRY-03", "RTRY-04", "RTRY-05", "RTRY-06", "RTRY-09", "RTRY-10"],
  ...["RTRY-13", "RTRY-14", "RTRY-15", "RTRY-16", "RTRY-17", "RTRY-18"],
  ...["HDRS-11"],
  ...["CONC-01", "CONC-05", "CONC-06", "CONC-10"],
];

/** The additional cases for a queue that keeps an order. */
export const SERVERLESS_ORDER_CASES: readonly string[] = [
  ...["ORDR-01", "ORDR-02", "ORDR-03", "ORDR-04", "ORDR-05", "ORDR-09"],
];
