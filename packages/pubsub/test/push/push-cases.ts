import { SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "@anyqueue/conformance";

/**
 * Those cases for functions that mean nothing for a push endpoint:
 * - CONS-05, CONC-05: they need two consumers, but a push subscription has one endpoint.
 * - RTRY-03, RTRY-10, RTRY-13, ORDR-05: only the subscription's retry policy says when a message comes again.
 * - RTRY-09: a consumer refuses attempts that its subscription does not count. An endpoint cannot ask the
 *   subscription, and counts what it sees.
 */
const OF_OTHERS: readonly string[] = [
  ...["CONS-05", "CONC-05"],
  ...["RTRY-03", "RTRY-10", "RTRY-13", "ORDR-05"],
  "RTRY-09",
];

export const PUSH_CASES: readonly string[] = SERVERLESS_CASES.filter((id) => !OF_OTHERS.includes(id));

/** For subscriptions that keep order. */
export const PUSH_ORDER_CASES: readonly string[] = SERVERLESS_ORDER_CASES.filter(
  (id) => !OF_OTHERS.includes(id),
);
