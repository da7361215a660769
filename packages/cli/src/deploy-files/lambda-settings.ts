import type { Deployment } from "./deployment.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (2026-11-29) */
const VISIBILITY_FACTOR = 6;
const MAX_VISIBILITY_S = 43_200;
/** The longest time for which SQS keeps a message. By default it deletes what is four days old, read or not. */
export const MAX_RETENTION_S = 1_209_600;

/** Without it, Lambda deletes messages that a function lists as failed. */
export const RESPONSE_TYPES: readonly string[] = ["ReportBatchItemFailures"];

/** At least six times the function's timeout plus the window: no message comes again during its call. */
export function visibilityS({ timeoutS, windowS }: Deployment): number {
  return Math.min(MAX_VISIBILITY_S, VISIBILITY_FACTOR * timeoutS + windowS);
}

export function isFifo({ isOrdered, isDeduplicated }: Deployment): boolean {
  return isOrdered || isDeduplicated;
}

/** The actions that the mapping needs and that `sqsCalls` uses. */
export const QUEUE_ACTIONS: readonly string[] = [
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:GetQueueAttributes",
  "sqs:ChangeMessageVisibility",
];
export const DEAD_LETTER_ACTIONS: readonly string[] = ["sqs:SendMessage"];
