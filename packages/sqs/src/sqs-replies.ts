import type { HttpReply } from "./sqs-http-handler.ts";

type Fields = Record<string, unknown>;
/** Returns a value of an answer as the SDK would. @throws if it is not of the kind that SQS sends */
type Reader = (value: unknown) => unknown;

/**
 * Reads an answer as the SDK would, at a fifth of its cost. Returns undefined for anything but the plain
 * case, so that the SDK reads the rest itself: a refusal, an answer not from SQS, a field of another type,
 * binary attributes.
 */
export function readReply(commandName: string, { statusCode, body, headers }: HttpReply): object | undefined {
  const reader = READERS.get(commandName);
  if (reader === undefined || statusCode !== 200) return undefined;
  try {
    const output = reader(JSON.parse(body.toString())) as Fields;
    output["$metadata"] = {
      httpStatusCode: statusCode,
      requestId: headers["x-amzn-requestid"] ?? headers["x-amzn-request-id"] ?? headers["x-amz-request-id"],
      extendedRequestId: headers["x-amz-id-2"],
      cfId: headers["x-amz-cf-id"],
      attempts: 1,
      totalRetryDelay: 0,
    };
    return output;
  } catch {
    return undefined;
  }
}

/** Reads an object, without members that are unknown or null. */
function struct(members: Readonly<Record<string, Reader>>): Reader {
  const all = Object.entries(members);
  return (value) => {
    const source = fieldsOf(value);
    // The SDK treats `__type` specially.
    if (source["__type"] !== undefined) unusual();
    const read: Fields = {};
    for (const [name, reader] of all) {
      const member = source[name];
      if (member !== undefined && member !== null) read[name] = reader(member);
    }
    return read;
  };
}

function listOf(reader: Reader): Reader {
  return (value) => (Array.isArray(value) ? value.map(reader) : unusual());
}

function mapOf(reader: Reader): Reader {
  return (value) => {
    const map = fieldsOf(value);
    for (const name of Object.keys(map)) {
      // An assignment to `__proto__` would lose the value.
      if (name === "__proto__") unusual();
      map[name] = reader(map[name]);
    }
    return map;
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : unusual();
}

function flag(value: unknown): boolean {
  return typeof value === "boolean" ? value : unusual();
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return unusual();
  return value as Fields;
}

function unusual(): never {
  throw new Error("left to the SDK");
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html (2026-11-29)
const BATCH = struct({
  Successful: listOf(
    struct({
      Id: text,
      MessageId: text,
      MD5OfMessageBody: text,
      MD5OfMessageAttributes: text,
      MD5OfMessageSystemAttributes: text,
      SequenceNumber: text,
    }),
  ),
  Failed: listOf(struct({ Id: text, SenderFault: flag, Code: text, Message: text })),
});

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html (2026-11-29)
const MESSAGE = struct({
  MessageId: text,
  ReceiptHandle: text,
  MD5OfBody: text,
  Body: text,
  Attributes: mapOf(text),
  MD5OfMessageAttributes: text,
  MessageAttributes: mapOf(
    struct({
      StringValue: text,
      BinaryValue: unusual,
      StringListValues: unusual,
      BinaryListValues: unusual,
      DataType: text,
    }),
  ),
});

/** The calls that are made for messages, and therefore again and again. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ["SendMessageBatchCommand", BATCH],
  ["DeleteMessageBatchCommand", BATCH],
  ["ChangeMessageVisibilityBatchCommand", BATCH],
  ["ReceiveMessageCommand", struct({ Messages: listOf(MESSAGE) })],
]);

/** The commands whose answers `readReply` can read. */
export const HOT_COMMANDS: ReadonlySet<string> = new Set(READERS.keys());
