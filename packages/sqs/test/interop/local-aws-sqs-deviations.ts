import type { KnownGap } from "@anyqueue/conformance";
import { leaveOutConsumers, type PartnerDeviations } from "./partner-deviations.ts";

const RECEIVE_MESSAGE =
  "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html (2026-11-24)";

const UNKNOWN_SYSTEM_ATTRIBUTES =
  "knows only the older AttributeNames: a message comes without its receive count";

const WITHOUT_RECEIVE_COUNT: readonly KnownGap[] = [
  { id: "SETL-02", reason: UNKNOWN_SYSTEM_ATTRIBUTES, issue: RECEIVE_MESSAGE },
  { id: "SETL-04", reason: UNKNOWN_SYSTEM_ATTRIBUTES, issue: RECEIVE_MESSAGE },
];

const NO_CONSUMERS = leaveOutConsumers(
  "a long poll answers only at its end, when the lease of what it took is over",
);

/**
 * local-aws-sqs 2.0.2. A long poll takes what is there, hides it, and answers only when its whole wait is
 * over, which is after the two-second lease of these queues. A case that runs a consumer would test only
 * that, so only the cases of the driver and those that send are run.
 */
export const LOCAL_AWS_SQS_DEVIATIONS: PartnerDeviations = {
  casesAtATime: 24,
  standard: WITHOUT_RECEIVE_COUNT,
  fifo: WITHOUT_RECEIVE_COUNT,
  notRun: { standard: NO_CONSUMERS, fifo: NO_CONSUMERS },
};
