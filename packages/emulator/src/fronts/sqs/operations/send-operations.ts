import { md5OfAttributes, md5OfText, sha256OfText } from "../engine/checksum.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { MessageAttribute, MessageContent } from "../engine/stored-message.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { invalidParameter, missingParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_BATCH_BYTES, SQS_MAX_DELAY_SECONDS } from "../sqs-limits.ts";
import { runBatch } from "./batch.ts";
import { attributesSizeBytes, readMessageAttributes, readTraceHeader } from "./message-attributes.ts";
import { readMessageBody } from "./message-body.ts";
import type { CallContext, Operation, OutputValue } from "./operation.ts";
import { resolveQueue } from "./resolve-queue.ts";

const FIFO_ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

export const sendMessage: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  return send(queue, readMessage(input, queue, context, "invalid"));
};

export const sendMessageBatch: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  return runBatch("SendMessageBatchRequestEntry", input, context, {
    checkAll(entries) {
      for (const entry of entries) checkFifoEntry(entry, queue);
      rejectLongBatch(entries);
    },
    apply: (entry) => send(queue, readMessage(entry, queue, context, "cannot be validated")),
  });
};

interface Sendable {
  readonly content: MessageContent;
  readonly delayMs: number;
}

function readMessage(
  input: OperationInput,
  queue: SqsQueue,
  context: CallContext,
  sizeVerdict: "invalid" | "cannot be validated",
): Sendable {
  const body = readMessageBody(input);
  const attributes = readMessageAttributes(input);
  const traceHeader = readTraceHeader(input) ?? context.traceHeader;
  if (Buffer.byteLength(body) + attributesSizeBytes(attributes) > queue.settings.maxMessageBytes) {
    const verdict = sizeVerdict === "invalid" ? "are invalid" : sizeVerdict;
    throw sqsError(
      "InvalidParameterValue",
      `One or more parameters ${verdict}. Reason: Message must be shorter than ${queue.settings.maxMessageBytes} bytes.`,
    );
  }
  const delayMs = readDelayMs(input, queue);
  const groupId = readFifoId(input, "MessageGroupId");
  if (queue.identity.isFifo && groupId === undefined) throw missingParameter("MessageGroupId");
  const dedupId = readDedupId(input, queue, body);
  const bodyMd5 = md5OfText(body);
  return {
    content: { body, bodyMd5, attributes, traceHeader, senderId: context.senderId, groupId, dedupId },
    delayMs,
  };
}

function send(queue: SqsQueue, { content, delayMs }: Sendable): { readonly [member: string]: OutputValue } {
  const receipt = queue.send(content, delayMs);
  return {
    MessageId: receipt.messageId,
    MD5OfMessageBody: content.bodyMd5,
    MD5OfMessageAttributes: md5OfAttributes(content.attributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(systemAttributes(content.traceHeader)),
    SequenceNumber: receipt.sequenceNumber,
  };
}

function systemAttributes(traceHeader: string | undefined): Map<string, MessageAttribute> {
  if (traceHeader === undefined) return new Map();
  return new Map([
    ["AWSTraceHeader", { dataType: "String", stringValue: traceHeader, binaryValue: undefined }],
  ]);
}

function readDelayMs(input: OperationInput, queue: SqsQueue): number {
  const seconds = input.optionalInteger("DelaySeconds");
  if (seconds === undefined) return queue.settings.delayMs;
  if (seconds < 0 || seconds > SQS_MAX_DELAY_SECONDS) {
    throw invalidParameter(
      seconds,
      "DelaySeconds",
      `DelaySeconds must be >= 0 and <= ${SQS_MAX_DELAY_SECONDS}.`,
    );
  }
  if (!queue.identity.isFifo) return seconds * 1000;
  // Zero was recorded to mean the queue's own delay.
  if (seconds === 0) return queue.settings.delayMs;
  throw invalidParameter(
    seconds,
    "DelaySeconds",
    "The request include parameter that is not valid for this queue type.",
  );
}

function readDedupId(input: OperationInput, queue: SqsQueue, body: string): string | undefined {
  const dedupId = readFifoId(input, "MessageDeduplicationId");
  if (!queue.identity.isFifo) {
    if (dedupId === undefined) return undefined;
    throw invalidParameter(
      dedupId,
      "MessageDeduplicationId",
      "The request includes a parameter that is not valid for this queue type.",
    );
  }
  if (dedupId !== undefined) return dedupId;
  if (!queue.settings.hasContentBasedDedup) throw missingDedupId();
  return sha256OfText(body);
}

function readFifoId(input: OperationInput, parameter: string): string | undefined {
  const id = input.optionalText(parameter);
  if (id === undefined || FIFO_ID.test(id)) return id;
  throw invalidParameter(
    id,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** Checks for the two parameters whose absence was recorded to fail the whole batch, not only the entry. */
function checkFifoEntry(entry: OperationInput, queue: SqsQueue): void {
  if (!queue.identity.isFifo) return;
  if (!queue.settings.hasContentBasedDedup && !entry.optionalText("MessageDeduplicationId"))
    throw missingDedupId();
  if (!entry.has("MessageGroupId")) {
    throw sqsError("InvalidParameterValue", "The request must contain the parameter MessageGroupId.");
  }
}

function missingDedupId(): Error {
  return sqsError(
    "InvalidParameterValue",
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

function rejectLongBatch(entries: readonly OperationInput[]): void {
  let bytes = 0;
  for (const entry of entries) bytes += entrySizeBytes(entry);
  if (bytes <= SQS_MAX_BATCH_BYTES) return;
  throw sqsError(
    "BatchRequestTooLong",
    `Batch requests cannot be longer than ${SQS_MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
  );
}

/** Counts bytes before anything is validated. An invalid attribute fails its entry later. */
function entrySizeBytes(entry: OperationInput): number {
  let bytes = Buffer.byteLength(entry.optionalText("MessageBody") ?? "");
  for (const [name, attribute] of entry.inputMap("MessageAttributes")) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.optionalText("DataType") ?? "");
    bytes += Buffer.byteLength(attribute.optionalText("StringValue") ?? "");
    bytes += Buffer.byteLength(attribute.optionalText("BinaryValue") ?? "", "base64");
  }
  return bytes;
}
