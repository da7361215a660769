import { setOwn, type Delivery, type OutgoingMessage } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import type { Brought } from "./outstanding.ts";

type PubsubMessage = protos.google.pubsub.v1.IPubsubMessage;
type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;

/** The application's id. A message without it is foreign. */
const ID = "aq-id";
const CONTENT_TYPE = "content-type";
/** Used if the application has an attribute with the standard name. */
const OWN_CONTENT_TYPE = "aq-content-type";
const CORRELATION_ID = "aq-correlation-id";
const REPLY_TO = "aq-reply-to";
const SUBJECT = "aq-subject";
const OWN: ReadonlySet<string> = new Set([ID, OWN_CONTENT_TYPE, CORRELATION_ID, REPLY_TO, SUBJECT]);

/**
 * The service sets this on messages that its dead-letter policy forwards.
 * https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts (2026-11-29)
 */
const DEAD_LETTER_SOURCE = "CloudPubSubDeadLetterSourceSubscription";

/** What settles a delivery. */
export interface PubsubHandle extends Brought {
  /** Ack id of this delivery; empty if a push brought it. */
  readonly ackId: string;
  /** Pub/Sub's id of the message, the same with each delivery. */
  readonly messageId: string;
  /** In Unix epoch milliseconds. */
  readonly publishedAtMs: number | undefined;
  /** A time after which it was sent, as far as its stream tells; monotonic. */
  sentAfterMs: number | undefined;
  /** The service's number of this delivery; undefined: it counts none. */
  readonly attempt: number | undefined;
}

/** What is known of a message's arrival. */
export interface Arrival {
  readonly stream: number;
  /** Deliveries that were given back before any handler began. */
  readonly handedBack: number;
}

/** The wire form of a message; the body is a view, not a copy. */
export function encodeMessage(message: OutgoingMessage): PubsubMessage {
  const { body, orderingKey } = message;
  const encoded: PubsubMessage = {
    data: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    attributes: wireAttributes(message),
  };
  if (orderingKey !== undefined) encoded.orderingKey = orderingKey;
  return encoded;
}

/**
 * Bytes of the message inside a publish request: fields 1 data, 2 attributes, 5 ordering key of
 * PubsubMessage, and the tag and length of the message itself. Exact for the protobuf encoding, which also
 * writes an empty body.
 */
export function sizeOfMessage(message: OutgoingMessage): number {
  const { attributes, id, contentType, correlationId, replyTo, subject } = message;
  let bytes = fieldBytes(bodyBytes(message)) + ownAttributeBytes(ID, id);
  for (const name of Object.keys(attributes)) {
    // An attribute with one of our names changes the wire form.
    if (name !== CONTENT_TYPE && !OWN.has(name)) bytes += attributeBytes(name, attributes[name] ?? "");
    else return sizeOfWire(message);
  }
  if (contentType !== "") bytes += ownAttributeBytes(CONTENT_TYPE, contentType);
  if (correlationId !== undefined) bytes += ownAttributeBytes(CORRELATION_ID, correlationId);
  if (replyTo !== undefined) bytes += ownAttributeBytes(REPLY_TO, replyTo);
  if (subject !== undefined) bytes += ownAttributeBytes(SUBJECT, subject);
  return withKeyBytes(message, bytes);
}

function sizeOfWire(message: OutgoingMessage): number {
  let bytes = fieldBytes(bodyBytes(message));
  for (const [name, value] of Object.entries(wireAttributes(message))) bytes += attributeBytes(name, value);
  return withKeyBytes(message, bytes);
}

function bodyBytes(message: OutgoingMessage): number {
  return message.text === undefined ? message.body.byteLength : Buffer.byteLength(message.text);
}

function attributeBytes(name: string, value: string): number {
  return fieldBytes(fieldBytes(Buffer.byteLength(name)) + fieldBytes(Buffer.byteLength(value)));
}

/** Our names have as many bytes as characters: there is nothing to count for each message. */
function ownAttributeBytes(name: string, value: string): number {
  return fieldBytes(fieldBytes(name.length) + fieldBytes(Buffer.byteLength(value)));
}

function withKeyBytes(message: OutgoingMessage, before: number): number {
  let bytes = before;
  if (message.orderingKey !== undefined) bytes += fieldBytes(Buffer.byteLength(message.orderingKey));
  return fieldBytes(bytes);
}

/** Converts a Pub/Sub message to the core's form, except for its lease. */
export function decodeMessage(received: ReceivedMessage, arrival: Arrival): Delivery<PubsubHandle> {
  const { ackId, message, deliveryAttempt } = received;
  // If a server gives no ids, messages must stay distinct: one that looks acked already is not run again.
  const messageId = message?.messageId || (ackId ?? "");
  const carried: Readonly<Record<string, string>> = message?.attributes ?? {};
  const orderingKey = message?.orderingKey || undefined;
  const enqueuedAtMs = timeOf(message?.publishTime);
  const delivery: Mutable<Delivery<PubsubHandle>> = {
    handle: {
      ackId: ackId ?? "",
      messageId,
      publishedAtMs: enqueuedAtMs,
      attempt: deliveryAttempt || undefined,
      sentAfterMs: undefined,
      stream: arrival.stream,
      orderingKey,
      countedUntilMs: undefined,
      previous: undefined,
      next: undefined,
    },
    id: messageId,
    providerId: messageId,
    body: bytesOf(message?.data),
    attributes: carried,
    native: received,
  };
  if (orderingKey !== undefined) delivery.orderingKey = orderingKey;
  // 0: the subscription has no dead-letter policy and counts nothing.
  if (deliveryAttempt) delivery.deliveryCount = Math.max(1, deliveryAttempt - arrival.handedBack);
  if (enqueuedAtMs !== undefined) delivery.enqueuedAtMs = enqueuedAtMs;
  const source = carried[DEAD_LETTER_SOURCE];
  if (source !== undefined) delivery.deadLetter = { source };
  if (carried[ID] === undefined) addForeignFields(delivery, carried);
  else addOwnFields(delivery, carried, carried[ID]);
  return delivery;
}

/** A foreign message keeps all attributes. */
function addForeignFields(
  delivery: Mutable<Delivery<PubsubHandle>>,
  carried: Readonly<Record<string, string>>,
): void {
  const contentType = carried[CONTENT_TYPE];
  if (contentType !== undefined) delivery.contentType = contentType;
}

function addOwnFields(
  delivery: Mutable<Delivery<PubsubHandle>>,
  carried: Readonly<Record<string, string>>,
  id: string,
): void {
  const ownType = carried[OWN_CONTENT_TYPE];
  const contentType = ownType ?? carried[CONTENT_TYPE];
  const correlationId = carried[CORRELATION_ID];
  const replyTo = carried[REPLY_TO];
  const subject = carried[SUBJECT];
  delivery.id = id;
  if (contentType !== undefined) delivery.contentType = contentType;
  if (correlationId !== undefined) delivery.correlationId = correlationId;
  if (replyTo !== undefined) delivery.replyTo = replyTo;
  if (subject !== undefined) delivery.subject = subject;
  const attributes: Record<string, string> = {};
  for (const name of Object.keys(carried)) {
    if (OWN.has(name) || (name === CONTENT_TYPE && ownType === undefined)) continue;
    setOwn(attributes, name, carried[name] ?? "");
  }
  delivery.attributes = attributes;
}

/** Visits all attributes of the wire form. Makes an object for them only if a name is one of ours. */
export function eachAttribute(message: OutgoingMessage, visit: (name: string, value: string) => void): void {
  const { id, contentType, attributes, correlationId, replyTo, subject } = message;
  const names = Object.keys(attributes);
  if (names.some((name) => name === CONTENT_TYPE || OWN.has(name))) {
    for (const [name, value] of Object.entries(wireAttributes(message))) visit(name, value);
    return;
  }
  for (const name of names) visit(name, attributes[name] ?? "");
  visit(ID, id);
  if (contentType !== "") visit(CONTENT_TYPE, contentType);
  if (correlationId !== undefined) visit(CORRELATION_ID, correlationId);
  if (replyTo !== undefined) visit(REPLY_TO, replyTo);
  if (subject !== undefined) visit(SUBJECT, subject);
}

function wireAttributes(message: OutgoingMessage): Record<string, string> {
  const { id, contentType, attributes, correlationId, replyTo, subject } = message;
  const typeName = CONTENT_TYPE in attributes ? OWN_CONTENT_TYPE : CONTENT_TYPE;
  const wire: Record<string, string> = { ...attributes, [ID]: id };
  // Empty in a dead letter whose sender gave no content type.
  if (contentType !== "") wire[typeName] = contentType;
  if (correlationId !== undefined) wire[CORRELATION_ID] = correlationId;
  if (replyTo !== undefined) wire[REPLY_TO] = replyTo;
  if (subject !== undefined) wire[SUBJECT] = subject;
  return wire;
}

/** A length-delimited field whose number is below 16: tag, length, content. */
function fieldBytes(contentBytes: number): number {
  let lengthBytes = 1;
  for (let limit = 0x80; contentBytes >= limit; limit *= 0x80) lengthBytes += 1;
  return 1 + lengthBytes + contentBytes;
}

/** The client gives bytes as a Buffer or, if configured so, as base64 text. */
function bytesOf(data: Uint8Array | string | null | undefined): Uint8Array {
  if (data === undefined || data === null) return EMPTY;
  return typeof data === "string" ? Buffer.from(data, "base64") : data;
}

/** Unix epoch milliseconds. The client's configuration decides if seconds are a text, a number or a Long. */
function timeOf(time: protos.google.protobuf.ITimestamp | null | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  return Number(String(time.seconds ?? 0)) * 1_000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const EMPTY = new Uint8Array(0);
