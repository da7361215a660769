import { AmqpWriter } from "./amqp-writer.ts";
import { LAST_EXPIRY_MS, MAX_HEADER_TTL_MS } from "./service-bus-limits.ts";
import type { EncodedMessage } from "./service-bus-wire.ts";

// Sections of a message: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#section-message-format (2026-11-29)
const HEADER = 0x70;
const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;

// Positions in the list of properties.
const CONTENT_TYPE = 6;
const EXPIRY_TIME = 8;
const CREATION_TIME = 9;
const GROUP_ID = 10;

const DUE_ANNOTATION = "x-opt-scheduled-enqueue-time";

export interface EncodedBatch {
  readonly bytes: Buffer;
  /** How many messages it holds, from the first on. */
  readonly count: number;
}

/**
 * Encodes a batch as the SDK would: the first message's headers, then each message as one data section.
 *
 * @param messages whose properties are texts
 * @param maxBytes of the whole batch; the first message is taken even if it alone is larger
 * @param nowMs when the messages were made, as the SDK would see it
 */
export function encodeBatch(
  messages: readonly EncodedMessage[],
  maxBytes: number,
  nowMs: number,
): EncodedBatch {
  const writer = new AmqpWriter(expectedBytes(messages));
  const [first] = messages;
  if (first !== undefined) writeHeaders(writer, headersOfBatch(first), undefined, nowMs);
  let count = 0;
  for (const message of messages) {
    const before = writer.length;
    writer.section(DATA);
    writer.binaryOf(() => writeMessage(writer, message, nowMs));
    if (writer.length > maxBytes && count > 0) {
      writer.length = before;
      break;
    }
    count += 1;
  }
  return { bytes: writer.written(), count };
}

/** Removes empty texts, because the SDK treats those of the first message as absent. */
function headersOfBatch(first: EncodedMessage): EncodedMessage {
  const texts = ["subject", "replyTo", "correlationId", "contentType", "sessionId"] as const;
  const headers = { ...first };
  for (const name of texts) if (headers[name] === "") delete headers[name];
  return headers;
}

/** Headers are seldom larger; if they are, the writer grows. */
const EXPECTED_HEADER_BYTES = 256;

function expectedBytes(messages: readonly EncodedMessage[]): number {
  return messages.reduce((sum, { body }) => sum + body.length + EXPECTED_HEADER_BYTES, EXPECTED_HEADER_BYTES);
}

function writeMessage(writer: AmqpWriter, message: EncodedMessage, nowMs: number): void {
  writeHeaders(writer, message, message.timeToLive, nowMs);
  writer.section(DATA);
  writer.binary(message.body);
}

/** Writes everything but the body. `ttlMs` is for the header; that of a batch has none. */
function writeHeaders(
  writer: AmqpWriter,
  message: EncodedMessage,
  ttlMs: number | undefined,
  nowMs: number,
): void {
  writer.section(HEADER);
  if (ttlMs === undefined) writer.emptyList();
  else {
    const start = writer.beginList(3);
    writer.null(); // durable
    writer.null(); // priority
    writer.uint(Math.min(ttlMs, MAX_HEADER_TTL_MS));
    writer.endCompound(start);
  }
  writeAnnotations(writer, message.scheduledEnqueueTimeUtc);
  writeProperties(writer, message, nowMs);
  writer.section(APPLICATION_PROPERTIES);
  const properties = Object.entries(message.applicationProperties);
  const start = writer.beginMap(2 * properties.length);
  for (const [name, value] of properties) {
    writer.string(name);
    writer.string(value as string);
  }
  writer.endCompound(start);
}

function writeAnnotations(writer: AmqpWriter, due: Date | undefined): void {
  writer.section(MESSAGE_ANNOTATIONS);
  const start = writer.beginMap(due === undefined ? 0 : 2);
  if (due !== undefined) {
    writer.symbol(DUE_ANNOTATION);
    writer.timestamp(due.getTime());
  }
  writer.endCompound(start);
}

/** Writes the properties up to the last one that is set. */
function writeProperties(writer: AmqpWriter, message: EncodedMessage, nowMs: number): void {
  const { messageId, subject, replyTo, correlationId, contentType, timeToLive, sessionId } = message;
  const isTimed = timeToLive !== undefined;
  const texts = [messageId, undefined, undefined, subject, replyTo, correlationId, contentType];
  let count = texts.findLastIndex((text) => text !== undefined) + 1;
  if (isTimed) count = CREATION_TIME + 1;
  if (sessionId !== undefined) count = GROUP_ID + 1;
  writer.section(PROPERTIES);
  const start = writer.beginList(count);
  for (let index = 0; index < count; index += 1) {
    if (index === CONTENT_TYPE && contentType !== undefined) writer.symbol(contentType);
    else if (index === EXPIRY_TIME && isTimed) writer.timestamp(Math.min(nowMs + timeToLive, LAST_EXPIRY_MS));
    else if (index === CREATION_TIME && isTimed) writer.timestamp(nowMs);
    else if (index === GROUP_ID && sessionId !== undefined) writer.string(sessionId);
    else writeText(writer, index < CONTENT_TYPE ? texts[index] : undefined);
  }
  writer.endCompound(start);
}

function writeText(writer: AmqpWriter, text: string | undefined): void {
  if (text === undefined) writer.null();
  else writer.string(text);
}
