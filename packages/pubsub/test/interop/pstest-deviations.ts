import type { LeftOut } from "../../../../tooling/conformance/on-partner.ts";
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

const ONLY_A_FLAG = {
  id: "SETL-07",
  reason: "keeps exactly-once delivery as a flag: an ack after the lease is taken as any other",
  issue: "https://cloud.google.com/pubsub/docs/exactly-once-delivery (2026-11-29)",
} as const;

const NOT_RUN: LeftOut = {
  ...NEED_A_MOVABLE_CLOCK,
  "PROV-08":
    "a seek brings back what any topic was sent since its time, without a body, and the server ends on reading it",
};

/** pstest of cloud.google.com/go/pubsub/v2 2.9.0. */
export const PSTEST_KINDS: readonly KindOfSubscription[] = [
  {
    ...PATIENCE,
    kind: "plain",
    deviations: [...FLOW_IS_IGNORED, SMALL],
    notRun: NOT_RUN,
  },
  {
    ...PATIENCE,
    kind: "ordered",
    deviations: [...FLOW_IS_IGNORED, SMALL],
    notRun: NOT_RUN,
  },
  {
    ...PATIENCE,
    kind: "exactly-once",
    deviations: [...FLOW_IS_IGNORED, SMALL, ONLY_A_FLAG],
    notRun: NOT_RUN,
  },
];
