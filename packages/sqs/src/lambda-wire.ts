import type { Delivery, EventBatch, HandBacks } from "@anyqueue/core/adapter";
import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { invalid } from "./refusal.ts";
import { LAMBDA_MAX_WINDOW_MS } from "./sqs-limits.ts";
import { decodeMessage, type SqsHandle } from "./sqs-wire.ts";

// The event as defined by @types/aws-lambda 8.10.164 and shown in
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (2026-11-29). Binary values are base64 text.

/** A message attribute of an event. */
export interface SqsRecordAttribute {
  /** `"String"`, `"Number"` or `"Binary"`, optionally with a custom label from the sender: `"Number.int"`. */
  readonly dataType?: string | undefined;
  /** The value of a text or a number. */
  readonly stringValue?: string | undefined;
  /** The value of bytes, as base64. */
  readonly binaryValue?: string | undefined;
}

/** One message of an event: `message.native` of the handler. */
export interface SqsRecord {
  /** SQS's id of the message. */
  readonly messageId: string;
  /** Settles this receive of the message. */
  readonly receiptHandle: string;
  /** The body as text. */
  readonly body: string;
  /**
   * The system attributes (`ApproximateReceiveCount`, `SentTimestamp`, `MessageGroupId`, …); numbers are
   * text.
   */
  readonly attributes: object;
  /** The sender's attributes, by name. */
  readonly messageAttributes: Readonly<Record<string, SqsRecordAttribute>>;
  /** `"aws:sqs"`. */
  readonly eventSource: string;
  /** ARN of the queue. */
  readonly eventSourceARN: string;
  /** Region of the queue. */
  readonly awsRegion: string;
}

/** The event with which Lambda calls a function for an SQS event source mapping. */
export interface SqsEvent {
  /** The messages, all from one queue. */
  readonly Records: readonly SqsRecord[];
}

/** The part of Lambda's context that is used here. */
export interface LambdaContext {
  /** Milliseconds until Lambda ends the function. */
  getRemainingTimeInMillis(): number;
}

/** The function's answer. */
export interface SqsBatchResponse {
  /** The messages that Lambda leaves in the queue, by `messageId`; it deletes all others of the event. */
  batchItemFailures: { itemIdentifier: string }[];
}

/** The settle calls that a batch can make to SQS, and the adapter that classifies their errors. */
export type SqsSettling = Required<Pick<EventBatch<SqsHandle>, "adapter" | "settle">>;

/** The calls that a function may make to SQS; made by `sqsCalls` for the option `calls` of `sqsEvents`. */
export interface SqsCalls {
  /**
   * Returns the calls for these deliveries from the queue with this ARN. The event source calls it.
   * @throws INVALID_ARGUMENT if the event does not name its queue, or if a FIFO queue's dead letters would go
   * to a standard queue
   */
  of(arn: string | undefined, deliveries: readonly Delivery<SqsHandle>[]): SqsSettling;
}

/** The ARN of a queue, and its parts. */
export interface QueueArn {
  readonly arn: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
}

export interface DecodedEvent {
  /** One delivery per stored message. */
  readonly deliveries: readonly Delivery<SqsHandle>[];
  /** Undefined if the records do not name their queue. */
  readonly source: QueueArn | undefined;
}

const ARN = /^arn:(aws[a-z-]*):sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_.-]+)$/;
const EVENT_SOURCE = "aws:sqs";

/**
 * `handBacks`: what this process gave back before a handler had begun; SQS counted those receives anyway.
 * @throws INVALID_ARGUMENT for an event that is not from SQS, or whose messages could not be reported by id.
 */
export function decodeEvent(event: unknown, receivedAtMs: number, handBacks: HandBacks): DecodedEvent {
  const records = recordsOf(event);
  // SQS may hand over a message twice in one batch. Only its id can be reported, so both are one delivery.
  const latest = new Map<string, Delivery<SqsHandle>>();
  let sourceArn: string | undefined;
  for (const [index, record] of records.entries()) {
    const checked = checkRecord(record, index);
    sourceArn ??= checked.eventSourceARN;
    if (sourceArn !== checked.eventSourceARN)
      throw invalid(`record ${index} of the event comes from another queue`, ONE_QUEUE);
    // The Map keeps the position of the first record and the handle of the last, the one that still counts.
    latest.set(checked.messageId, decodeRecord(checked, receivedAtMs, handBacks));
  }
  return {
    deliveries: [...latest.values()],
    source: sourceArn === undefined ? undefined : parseArn(sourceArn),
  };
}

/** @throws INVALID_ARGUMENT if the text is not the ARN of a queue */
export function parseArn(text: string): QueueArn {
  const [arn, partition, region, account, name] = ARN.exec(text) ?? [];
  if (arn === undefined || partition === undefined || region === undefined || account === undefined) {
    throw invalid(
      `${JSON.stringify(text.slice(0, 200))} is not the ARN of a queue`,
      "Write arn:aws:sqs:region:account:name.",
    );
  }
  return { arn, partition, region, account, name: name ?? "" };
}

const ONE_QUEUE =
  "A mapping delivers from one queue: give each queue's messages to the function as events of their own.";
const WRONG_EVENT =
  "Point an SQS event source mapping at this function, or use the source that fits its trigger.";

function recordsOf(event: unknown): readonly unknown[] {
  const records = isRecord(event) ? event["Records"] : undefined;
  if (Array.isArray(records)) return records;
  throw invalid(`expected an SQS event, got ${describeEvent(event)}`, WRONG_EVENT);
}

interface CheckedRecord {
  readonly native: unknown;
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, unknown>>;
  readonly eventSourceARN: string | undefined;
}

/** Handwritten events leave out a lot; only what a reply needs is required. */
function checkRecord(record: unknown, index: number): CheckedRecord {
  if (!isRecord(record)) throw invalid(`record ${index} of the event is not an object`, WRONG_EVENT);
  // SNS writes `EventSource` with a capital letter.
  const eventSource = record["eventSource"] ?? record["EventSource"] ?? EVENT_SOURCE;
  if (eventSource !== EVENT_SOURCE)
    throw invalid(`expected an SQS event, got a record of ${JSON.stringify(eventSource)}`, WRONG_EVENT);
  const { messageId, receiptHandle, body, attributes, messageAttributes, eventSourceARN } = record;
  if (typeof messageId !== "string" || messageId === "") {
    const remedy = "Without its messageId a failure cannot be reported, so the whole event is refused.";
    throw invalid(`record ${index} of the event has no messageId`, remedy);
  }
  return {
    native: record,
    messageId,
    receiptHandle: textOf(receiptHandle),
    body: textOf(body),
    attributes: texts(attributes),
    messageAttributes: isRecord(messageAttributes) ? messageAttributes : {},
    eventSourceARN: typeof eventSourceARN === "string" ? eventSourceARN : undefined,
  };
}

function decodeRecord(
  record: CheckedRecord,
  receivedAtMs: number,
  handBacks: HandBacks,
): Delivery<SqsHandle> {
  const message: Message = {
    MessageId: record.messageId,
    ReceiptHandle: record.receiptHandle,
    Body: record.body,
    Attributes: record.attributes,
    MessageAttributes: nativeAttributes(record.messageAttributes),
  };
  const handedBack = handBacks.of(record.messageId);
  // Lambda may have received it this much earlier. The 12 hours of SQS have begun then.
  const earliestMs = receivedAtMs - LAMBDA_MAX_WINDOW_MS;
  // The queue sets the visibility timeout; the event does not say how much of it is left.
  return decodeMessage(message, earliestMs, Number.POSITIVE_INFINITY, handedBack, record.native);
}

function nativeAttributes(given: Readonly<Record<string, unknown>>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const { dataType, stringValue, binaryValue } = isRecord(value) ? value : {};
      const native: MessageAttributeValue = {
        DataType: typeof dataType === "string" ? dataType : undefined,
        StringValue: typeof stringValue === "string" ? stringValue : undefined,
        BinaryValue: typeof binaryValue === "string" ? Buffer.from(binaryValue, "base64") : undefined,
      };
      return [name, native];
    }),
  );
}

/** Describes the event, without its data, for the user who attached the wrong trigger. */
function describeEvent(event: unknown): string {
  if (event === null || event === undefined) return String(event);
  if (!isRecord(event)) return Array.isArray(event) ? "an array" : `a ${typeof event}`;
  if ("requestContext" in event || "httpMethod" in event)
    return "an HTTP request (API Gateway, function URL)";
  if ("detail-type" in event) return "an event of EventBridge";
  if ("awslogs" in event) return "an event of CloudWatch Logs";
  const keys = Object.keys(event).slice(0, 5).join(", ");
  return keys === "" ? "an empty object" : `an object with ${keys}`;
}

function texts(given: unknown): Readonly<Record<string, string>> {
  if (!isRecord(given)) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): [string, string][] =>
      typeof value === "string" || typeof value === "number" ? [[name, String(value)]] : [],
    ),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
