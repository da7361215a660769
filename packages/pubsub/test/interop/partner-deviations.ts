import type { KindOnPartner, LeftOut } from "../../../../tooling/conformance/on-partner.ts";
import type { SubscriptionKind } from "../pubsub-harness.ts";

/** One kind of subscription on one partner. */
export interface KindOfSubscription extends Omit<KindOnPartner, "backend"> {
  readonly kind: SubscriptionKind;
}

/** Some cases need three leases, each of ten seconds at least; the cases wait in parallel. */
export const PATIENCE = { casesAtATime: 32, caseTimeoutMs: 120_000 } as const;

/** Cases that take too long on a server without a movable clock. */
export const NEED_A_MOVABLE_CLOCK: LeftOut = {
  "LEAS-03": "hours of renewals",
  // It judges the cases before it, and needs all of them.
  "CAPA-02": "a part of the suite proves a part of the claims",
};

const STREAMING_PULL_REQUEST =
  "https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#streamingpullrequest (2026-11-29)";

/** Both partners ignore `max_outstanding_messages`: one stream is sent everything, others get nothing. */
export const FLOW_IS_IGNORED = ["CONC-03", "CONC-04", "CONC-05"].map((id) => ({
  id,
  reason: "sends a stream more than it was opened for",
  issue: STREAMING_PULL_REQUEST,
}));
