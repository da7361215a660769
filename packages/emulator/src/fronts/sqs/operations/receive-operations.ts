import { md5OfAttributes } from "../engine/checksum.ts";
import { startLongPoll } from "../engine/long-poll.ts";
import type { Delivery } from "../engine/queue-contract.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { MessageAttributes, StoredMessage } from "../engine/stored-message.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_RECEIVE_MESSAGES, SQS_MAX_VISIBILITY_SECONDS, SQS_MAX_WAIT_SECONDS } from "../sqs-limits.ts";
import { selectAttributes } from "./message-attributes.ts";
import type { CallContext, Operation, OutputValue } from "./operation.ts";
import { queueDoesNotExist, resolveQueue } from "./resolve-queue.ts";

const ATTEMPT_ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

const SYSTEM_ATTRIBUTES = [
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageDeduplicationId",
  "MessageGroupId",
  "AWSTraceHeader",
  "DeadLetterQueueSourceArn",
] as const;

type SystemAttributeName = (typeof SYSTEM_ATTRIBUTES)[number];

export const receiveMessage: Operation = async (input, context) => {
  const queue = resolveQueue(input, context);
  const wanted = readWanted(input);
  const waitMs = readWaitMs(input, queue);
  const request = {
    maxMessages: readMaxMessages(input),
    visibilityMs: readVisibilityMs(input, queue),
    attemptId: readAttemptId(input, queue),
  };
  rejectOverLimit(queue, waitMs);
  // The caller has disconnected: leave the messages for others.
  if (context.disconnected.aborted) return {};
  const poll = startLongPoll(queue, context.engine.clock, request, waitMs);
  const cancel = (): void => {
    poll.cancel();
  };
  context.disconnected.addEventListener("abort", cancel, { once: true });
  const deliveries = await poll.result;
  context.disconnected.removeEventListener("abort", cancel);
  if (deliveries === undefined) throw queueDoesNotExist();
  const messages = deliveries.map((delivery) => renderMessage(delivery, wanted, context));
  return { Messages: messages.length > 0 ? messages : undefined };
};

/** What the caller requests of each message. */
interface Wanted {
  readonly systemAttributes: ReadonlySet<SystemAttributeName>;
  readonly messageAttributes: readonly string[];
}

function readWanted(input: OperationInput): Wanted {
  // AttributeNames is the deprecated name of MessageSystemAttributeNames. Both count.
  const names = [...input.textList("MessageSystemAttributeNames"), ...input.textList("AttributeNames")];
  const systemAttributes = new Set<SystemAttributeName>();
  for (const name of names) {
    if (name === "All") for (const known of SYSTEM_ATTRIBUTES) systemAttributes.add(known);
    else systemAttributes.add(knownSystemAttribute(name));
  }
  return { systemAttributes, messageAttributes: input.textList("MessageAttributeNames") };
}

function knownSystemAttribute(name: string): SystemAttributeName {
  const known = SYSTEM_ATTRIBUTES.find((candidate) => candidate === name);
  if (known === undefined) throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  return known;
}

function renderMessage(delivery: Delivery, wanted: Wanted, context: CallContext): OutputValue {
  const { message, receiptHandle } = delivery;
  const { content } = message;
  const attributes = selectAttributes(content.attributes, wanted.messageAttributes);
  return {
    MessageId: message.id,
    ReceiptHandle: receiptHandle,
    MD5OfBody: content.bodyMd5,
    Body: content.body,
    Attributes: renderSystemAttributes(message, wanted.systemAttributes, context),
    MD5OfMessageAttributes: md5OfAttributes(attributes),
    MessageAttributes: renderMessageAttributes(attributes),
  };
}

function renderSystemAttributes(
  message: StoredMessage,
  wanted: ReadonlySet<SystemAttributeName>,
  context: CallContext,
): OutputValue {
  if (wanted.size === 0) return undefined;
  const { content } = message;
  const wireMs = (engineMs: number): string => String(context.wireTime.toWireMs(engineMs));
  const all: Readonly<Record<SystemAttributeName, string | undefined>> = {
    SenderId: content.senderId,
    SentTimestamp: wireMs(message.sentAtMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: wireMs(message.firstReceivedAtMs ?? message.lastReceivedAtMs),
    SequenceNumber: message.sequenceNumber,
    MessageDeduplicationId: content.dedupId,
    MessageGroupId: content.groupId,
    AWSTraceHeader: content.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const selected: Record<string, string> = {};
  for (const name of SYSTEM_ATTRIBUTES) {
    const value = all[name];
    if (wanted.has(name) && value !== undefined) selected[name] = value;
  }
  return Object.keys(selected).length > 0 ? selected : undefined;
}

function renderMessageAttributes(attributes: MessageAttributes): OutputValue {
  if (attributes.size === 0) return undefined;
  // `fromEntries`, because an attribute may be called `__proto__`.
  return Object.fromEntries(
    [...attributes].map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      { DataType: dataType, StringValue: stringValue, BinaryValue: binaryValue?.toString("base64") },
    ]),
  );
}

function readMaxMessages(input: OperationInput): number {
  const max = input.optionalInteger("MaxNumberOfMessages") ?? 1;
  if (max >= 1 && max <= SQS_MAX_RECEIVE_MESSAGES) return max;
  throw invalidParameter(
    max,
    "MaxNumberOfMessages",
    `Must be between 1 and ${SQS_MAX_RECEIVE_MESSAGES}, if provided.`,
  );
}

function readWaitMs(input: OperationInput, queue: SqsQueue): number {
  const seconds = input.optionalInteger("WaitTimeSeconds");
  if (seconds === undefined) return queue.settings.waitMs;
  if (seconds >= 0 && seconds <= SQS_MAX_WAIT_SECONDS) return seconds * 1000;
  throw invalidParameter(
    seconds,
    "WaitTimeSeconds",
    `Must be >= 0 and <= ${SQS_MAX_WAIT_SECONDS}, if provided.`,
  );
}

function readVisibilityMs(input: OperationInput, queue: SqsQueue): number {
  const seconds = input.optionalInteger("VisibilityTimeout");
  if (seconds === undefined) return queue.settings.visibilityTimeoutMs;
  if (seconds >= 0 && seconds <= SQS_MAX_VISIBILITY_SECONDS) return seconds * 1000;
  throw invalidParameter(
    seconds,
    "VisibilityTimeout",
    `Must be >= 0 and <= ${SQS_MAX_VISIBILITY_SECONDS}, if provided.`,
  );
}

function readAttemptId(input: OperationInput, queue: SqsQueue): string | undefined {
  const attemptId = input.optionalText("ReceiveRequestAttemptId");
  if (attemptId === undefined) return undefined;
  if (!queue.identity.isFifo) {
    throw invalidParameter(
      attemptId,
      "ReceiveRequestAttemptId",
      "The request include parameter that is not valid for this queue type.",
    );
  }
  if (ATTEMPT_ID.test(attemptId)) return attemptId;
  throw invalidParameter(
    attemptId,
    "ReceiveRequestAttemptId",
    "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
  );
}

/** Only a short poll of a standard queue gets this error; a long poll or FIFO queue returns no messages. */
function rejectOverLimit(queue: SqsQueue, waitMs: number): void {
  if (queue.identity.isFifo || waitMs > 0 || !queue.isAtInFlightLimit()) return;
  throw sqsError(
    "OverLimit",
    "The maximum number of in flight messages is reached. Delete messages before receiving more.",
  );
}
