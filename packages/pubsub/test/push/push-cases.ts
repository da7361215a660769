import { SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "@anyqueue/conformance";

/**
 * Of the cases for functions, what means nothing for a push endpoint:
 * - CONS-05, CONC-05: two consumers. A push subscription has one endpoint.
 * - RTRY-03, RTRY-10, RTRY-13, ORDR-05: how long it takes until a message comes again. The subscription's retry policy alone says.
 * - RTRY-09: a consumer refuses attempts that its subscription does not count; an endpoint, which cannot ask it, counts
 *   what it sees.
 */
const OF_OTHERS: readonly string[] = [
  ...["CONS-05", "CONC-05"],
  ...["RTRY-03", "RTRY-10", "RTRY-13", "ORDR-05"],
  "RTRY-09",
];

export const PUSH_CASES: readonly string[] = SERVERLESS_CASES.filter((id) => !OF_OTHERS.includes(id));

/** Where the subscription keeps an order. */
export const PUSH_ORDER_CASES: readonly string[] = SERVERLESS_ORDER_CASES.filter(
  (id) => !OF_OTHERS.includes(id),
);
