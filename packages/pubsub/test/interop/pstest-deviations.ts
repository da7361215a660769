import {
  FLOW_IS_IGNORED,
  NEED_A_MOVABLE_CLOCK,
  PATIENCE,
  type KindOfSubscription,
} from "./partner-deviations.ts";

const SMALL = {
  id: "LARG-02",
  reason: "takes requests of up to 4 MiB only",
  issue: "https://cloud.google.com/pubsub/quotas#resource_limits (2026-11-29)",
} as const;

/** pstest of cloud.google.com/go/pubsub/v2 2.9.0. */
export const PSTEST_KINDS: readonly KindOfSubscription[] = [
  {
    ...PATIENCE,
    kind: "plain",
    deviations: [...FLOW_IS_IGNORED, SMALL],
    notRun: NEED_A_MOVABLE_CLOCK,
  },
];
