/**
 * The cases of the suite that mean something for a push endpoint: what a handler gets, and what follows from what it does.
 * The others are about a consumer's own polling, leases, pull mode and shutdown, which the service has instead. Of those
 * that functions are tested with elsewhere, these mean nothing here:
 * - CONS-05, CONC-05: two consumers. A push subscription has one endpoint.
 * - RTRY-03, RTRY-10, RTRY-13, ORDR-05: how long it takes until a message comes again. The subscription's retry policy alone says.
 * - RTRY-09: a consumer refuses attempts that its subscription does not count; an endpoint, which cannot ask it, counts
 *   what it sees.
 */
export const PUSH_CASES: readonly string[] = [
  ...["CONS-01", "CONS-04", "CONS-07", "CONS-08", "CONS-12"],
  ...["RTRY-01", "RTRY-02", "RTRY-04", "RTRY-05", "RTRY-06"],
  ...["RTRY-14", "RTRY-15", "RTRY-16", "RTRY-17", "RTRY-18"],
  ...["HDRS-11"],
  ...["CONC-01", "CONC-06", "CONC-10"],
];

/** Where the subscription keeps an order. */
export const PUSH_ORDER_CASES: readonly string[] = [
  ...["ORDR-01", "ORDR-02", "ORDR-03", "ORDR-04", "ORDR-09"],
];
