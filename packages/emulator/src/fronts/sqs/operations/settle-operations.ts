import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_VISIBILITY_SECONDS } from "../sqs-limits.ts";
import { runBatch } from "./batch.ts";
import type { Operation } from "./operation.ts";
import { resolveQueue } from "./resolve-queue.ts";

export const deleteMessage: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const receiptHandle = input.text("ReceiptHandle");
  const outcome = queue.delete(receiptHandle);
  if (outcome === "malformed") throw malformedHandle(receiptHandle);
  if (outcome === "expired") throw invalidParameter(receiptHandle, "ReceiptHandle", HANDLE_EXPIRED);
  return undefined;
};

export const deleteMessageBatch: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  return runBatch("DeleteMessageBatchRequestEntry", input, context, {
    apply(entry) {
      const receiptHandle = entry.text("ReceiptHandle");
      const outcome = queue.delete(receiptHandle);
      if (outcome === "malformed") throw malformedHandle(receiptHandle);
      if (outcome === "expired") throw sqsError("ReceiptHandleIsInvalid", HANDLE_EXPIRED);
      return {};
    },
  });
};

export const changeMessageVisibility: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const receiptHandle = input.text("ReceiptHandle");
  const unavailable = invalidParameter(receiptHandle, "ReceiptHandle", `${NOT_AVAILABLE}.`);
  changeVisibility(queue, receiptHandle, readVisibilitySeconds(input), unavailable);
  return undefined;
};

export const changeMessageVisibilityBatch: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  return runBatch("ChangeMessageVisibilityBatchRequestEntry", input, context, {
    apply(entry) {
      const unavailable = sqsError("ReceiptHandleIsInvalid", NOT_AVAILABLE);
      changeVisibility(queue, entry.text("ReceiptHandle"), readVisibilitySeconds(entry), unavailable);
      return {};
    },
  });
};

const HANDLE_EXPIRED = "The receipt handle has expired.";
const NOT_AVAILABLE = "Message does not exist or is not available for visibility timeout change";

function changeVisibility(queue: SqsQueue, receiptHandle: string, seconds: number, unavailable: Error): void {
  const outcome = queue.changeVisibility(receiptHandle, seconds * 1000);
  if (outcome === "malformed") throw malformedHandle(receiptHandle);
  if (outcome === "unavailable") throw unavailable;
  if (outcome === "beyondLimit") {
    throw invalidParameter(
      seconds,
      "VisibilityTimeout",
      `Total VisibilityTimeout for the message is beyond the limit [${SQS_MAX_VISIBILITY_SECONDS} seconds]`,
    );
  }
}

function readVisibilitySeconds(input: OperationInput): number {
  const seconds = input.integer("VisibilityTimeout");
  if (seconds >= 0 && seconds <= SQS_MAX_VISIBILITY_SECONDS) return seconds;
  throw invalidParameter(
    seconds,
    "VisibilityTimeout",
    `Must be >= 0 and <= ${SQS_MAX_VISIBILITY_SECONDS}, if provided.`,
  );
}

function malformedHandle(receiptHandle: string): Error {
  return sqsError(
    "ReceiptHandleIsInvalid",
    `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`,
  );
}
