import {
  FLOW_IS_IGNORED,
  NEED_A_MOVABLE_CLOCK,
  PATIENCE,
  type KindOfSubscription,
} from "./partner-deviations.ts";

const EXACTLY_ONCE = "https://cloud.google.com/pubsub/docs/exactly-once-delivery (2026-11-29)";
const EMULATOR = "https://cloud.google.com/pubsub/docs/emulator#known_limitations (2026-11-29)";

const NOT_SHARED = {
  id: "CONS-05",
  reason: "sends everything to the first stream, so that a second consumer gets nothing",
  issue: EMULATOR,
} as const;

const NOT_RUN = {
  ...NEED_A_MOVABLE_CLOCK,
  "SETL-04": "while it is busy it gives a message again before its lease has ended, on some runs",
} as const;

/** Google's emulator 0.8.20. */
export const GOOGLE_EMULATOR_KINDS: readonly KindOfSubscription[] = [
  {
    ...PATIENCE,
    kind: "plain",
    deviations: [...FLOW_IS_IGNORED, NOT_SHARED],
    notRun: NOT_RUN,
  },
  {
    ...PATIENCE,
    kind: "ordered",
    casesAtATime: 20,
    deviations: [
      ...FLOW_IS_IGNORED,
      NOT_SHARED,
      {
        id: "PROV-08",
        reason: "cannot seek a subscription that keeps order, which is how a purge is done",
        issue: EMULATOR,
      },
    ],
    notRun: NOT_RUN,
  },
  {
    ...PATIENCE,
    kind: "exactly-once",
    deviations: [
      ...FLOW_IS_IGNORED,
      NOT_SHARED,
      {
        id: "SETL-07",
        reason: "takes an ack after the lease as long as nobody else has the message",
        issue: EXACTLY_ONCE,
      },
    ],
    notRun: NEED_A_MOVABLE_CLOCK,
  },
];
