import {
  RESERVED,
  setOwn,
  systemClock,
  type Clock,
  type Delivery,
  type OutgoingMessage,
} from "@anyqueue/core/adapter";
import type { ServiceBusMessage, ServiceBusReceivedMessage } from "@azure/service-bus";
import { readBody } from "./read-body.ts";
import { MAX_ID_LENGTH, MAX_REASON_LENGTH } from "./service-bus-limits.ts";
import { sizeOfValue, textOfValue, valueOfText, type PropertyValue } from "./property-value.ts";
import { UnreadableBody } from "./unreadable-body.ts";

/** Holds the application's id if `messageId` is something else: a deduplication id, or the id is too long. */
export const ID_PROPERTY = "aq-id";
/** Marks a message that had no ordering key: its session is its own. */
const OWN_PROPERTY = "aq-own";
/** Attributes that rhea 3.0.5 would lose: it builds a plain object, in which `__proto__` is no member. */
const OVERFLOW_PROPERTY = "aq-x";
const LOST_NAME = "__proto__";
/** The service writes these into dead letters. They are told apart from the application's own attributes. */
const DEAD_PROPERTIES: readonly string[] = ["DeadLetterReason", "DeadLetterErrorDescription"];
/** "For ever", as the service writes it, in milliseconds. */
const FOREVER_MS = 922_337_203_685_477;

/** How messages of one target are written and read. */
export interface WireForm {
  readonly isOrdered: boolean;
  readonly isDeduplicated: boolean;
  readonly isDeadLetter: boolean;
  readonly clock: Clock;
}

/** A message for the SDK: the body is bytes; every other value is a text, unless it is typed. */
export interface EncodedMessage extends ServiceBusMessage {
  readonly body: Buffer;
  readonly messageId: string;
  correlationId?: string;
  readonly applicationProperties: Record<string, PropertyValue>;
  /** True if it copies a foreign message whose properties are not all texts. */
  isTyped?: boolean;
}

export function encodeMessage(message: OutgoingMessage, form: WireForm): EncodedMessage {
  const messageId = messageIdOf(message, form);
  const isAlone = form.isOrdered && message.orderingKey === undefined;
  const encoded: EncodedMessage = {
    // Always bytes: the SDK writes any other body as JSON, a text with its quotes.
    body: bufferOf(message.body),
    messageId,
    contentType: message.contentType,
    applicationProperties: propertiesOf(message, messageId, isAlone),
  };
  if (message.attributeTypes !== undefined) encoded.isTyped = true;
  // A session entity refuses messages without a session: one without a key gets its own, to wait for nobody.
  if (message.orderingKey !== undefined) encoded.sessionId = message.orderingKey;
  else if (isAlone) encoded.sessionId = crypto.randomUUID();
  if (message.correlationId !== undefined) encoded.correlationId = message.correlationId;
  if (message.replyTo !== undefined) encoded.replyTo = message.replyTo;
  if (message.subject !== undefined) encoded.subject = message.subject;
  if (message.ttlMs !== undefined) encoded.timeToLive = Math.max(1, Math.ceil(message.ttlMs));
  return encoded;
}

/** When a delayed message is due, in the SDK's time, which is the machine's; undefined if at once. */
export function dueAt(message: OutgoingMessage, { clock }: WireForm): Date | undefined {
  if (message.deliverAtMs === undefined) return undefined;
  const delayMs = message.deliverAtMs - clock.wallNow();
  return delayMs > 0 ? new Date(systemClock.wallNow() + Math.ceil(delayMs)) : undefined;
}

export interface SizedMessage {
  /** Size of the whole message inside a batch. */
  readonly bytes: number;
  /** Size of everything but the body. */
  readonly headerBytes: number;
}

/**
 * Never less than what rhea writes: sections' and values' own bytes; for a string, five and its UTF-8 bytes.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)
 */
export function sizeOfMessage(message: OutgoingMessage, encoded: EncodedMessage): SizedMessage {
  let headerBytes = SECTIONS_BYTES;
  const texts = [encoded.messageId, message.contentType, encoded.sessionId, message.correlationId];
  for (const text of [...texts, message.replyTo, message.subject]) {
    if (typeof text === "string") headerBytes += STRING_BYTES + Buffer.byteLength(text);
  }
  for (const [name, value] of Object.entries(encoded.applicationProperties)) {
    headerBytes += 2 * STRING_BYTES + Buffer.byteLength(name) + sizeOfValue(value);
  }
  return { bytes: headerBytes + message.body.byteLength, headerBytes };
}

/** Header with time to live, annotations with due time, properties with two times, section codes, framing. */
const SECTIONS_BYTES = 160;
const STRING_BYTES = 5;

/** The members of an SDK message that are read. */
export type ReadableMessage = {
  readonly [Name in ReadMember]?: ServiceBusReceivedMessage[Name] | undefined;
} & {
  readonly sequenceNumber?: { toString(): string } | undefined;
};

type ReadMember =
  | "applicationProperties"
  | "body"
  | "contentType"
  | "correlationId"
  | "deadLetterErrorDescription"
  | "deadLetterReason"
  | "deadLetterSource"
  | "deliveryCount"
  | "enqueuedTimeUtc"
  | "messageId"
  | "replyTo"
  | "sessionId"
  | "subject"
  | "timeToLive";

/**
 * Turns a message of the SDK into a delivery for the core. Never throws, because that would take along all
 * that came with it: AMQP lets a sender give any value any type.
 */
export function decodeMessage<Handle>(
  message: ReadableMessage,
  handle: Handle,
  form: WireForm,
  native: object = message,
): Mutable<Delivery<Handle>> {
  try {
    return readMessage(message, handle, form, native);
  } catch {
    const { sequenceNumber, deliveryCount } = message; // the service's own
    const body = new UnreadableBody(Buffer.alloc(0));
    return readMessage({ sequenceNumber, deliveryCount, body }, handle, form, native);
  }
}

function readMessage<Handle>(
  message: ReadableMessage,
  handle: Handle,
  form: WireForm,
  native: object,
): Mutable<Delivery<Handle>> {
  const { attributes, types, id, isAlone } = readProperties(message, form);
  const providerId = message.sequenceNumber?.toString() ?? textOf(message.messageId) ?? "";
  const { body, contentType, malformed } = readBody(message);
  const delivery: Mutable<Delivery<Handle>> = {
    handle,
    id: id ?? textOf(message.messageId) ?? providerId,
    providerId,
    body,
    attributes,
    // Zero-based on the wire, and absent if a broker leaves out the header.
    deliveryCount: (message.deliveryCount ?? 0) + 1,
    native,
  };
  if (types !== undefined) delivery.attributeTypes = types;
  if (malformed !== undefined) delivery.malformed = malformed;
  if (contentType !== undefined) delivery.contentType = contentType;
  if (message.sessionId !== undefined && !isAlone) delivery.orderingKey = message.sessionId;
  const correlationId = message.correlationId === "" ? "" : textOf(message.correlationId);
  if (correlationId !== undefined) delivery.correlationId = correlationId;
  if (message.replyTo !== undefined) delivery.replyTo = message.replyTo;
  if (message.subject !== undefined) delivery.subject = message.subject;
  const messageId = textOf(message.messageId);
  if (form.isDeduplicated && messageId !== undefined) delivery.deduplicationId = messageId;
  addTimes(delivery, message, form.clock);
  addDeadLetter(delivery, message);
  return delivery;
}

/** Cuts the reason of a dead letter to the length that the service keeps. */
export function clipReason(text: string): string {
  return text.slice(0, MAX_REASON_LENGTH);
}

/** Turns a sequence number's text into the form that the SDK's calls take: they look at these two members. */
export function sequenceNumberOf(digits: string): Parameters<PeekFrom>[0] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(digits)));
  return { __isLong__: true, toBytesBE: () => [...bytes] } as unknown as Parameters<PeekFrom>[0];
}

type PeekFrom = (from: NonNullable<ServiceBusReceivedMessage["sequenceNumber"]>) => void;

/**
 * A retry that was sent as a copy never has the id of its original: an entity of which nobody could see that it
 * detects duplicates would drop it, and the original is completed.
 */
function messageIdOf({ id: ownId, deduplicationId, attributes }: OutgoingMessage, form: WireForm): string {
  const isNew = form.isDeduplicated || RESERVED.attempts in attributes;
  const id = isNew ? (deduplicationId ?? ownId) : ownId;
  return id.length <= MAX_ID_LENGTH && id !== "" ? id : crypto.randomUUID();
}

function propertiesOf(
  { id, attributes, attributeTypes: types }: OutgoingMessage,
  messageId: string,
  isAlone: boolean,
): Record<string, PropertyValue> {
  const properties: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === LOST_NAME) properties[OVERFLOW_PROPERTY] = JSON.stringify([value]);
    else
      properties[name] =
        types !== undefined && Object.hasOwn(types, name) ? valueOfText(value, types[name]) : value;
  }
  if (messageId !== id) properties[ID_PROPERTY] = id;
  if (isAlone) properties[OWN_PROPERTY] = "1";
  return properties;
}

interface ReadProperties {
  readonly attributes: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string>> | undefined;
  readonly id: string | undefined;
  readonly isAlone: boolean;
}

function readProperties(message: ReadableMessage, { isDeadLetter }: WireForm): ReadProperties {
  const properties = message.applicationProperties ?? {};
  const attributes: Record<string, string> = {};
  let types: Record<string, string> | undefined;
  let id: string | undefined;
  for (const [name, value] of Object.entries(properties)) {
    if (name === ID_PROPERTY && typeof value === "string") id = value;
    else if (name === OVERFLOW_PROPERTY && restore(attributes, value)) continue;
    else if (name !== OWN_PROPERTY && !(isDeadLetter && DEAD_PROPERTIES.includes(name))) {
      const { text, type } = textOfValue(value);
      setOwn(attributes, name, text);
      if (type !== undefined) setOwn((types ??= {}), name, type);
    }
  }
  return { attributes, types, id, isAlone: properties[OWN_PROPERTY] === "1" };
}

/** Returns false if the property is somebody else's. */
function restore(attributes: Record<string, string>, value: unknown): boolean {
  if (typeof value !== "string" || !value.startsWith('["')) return false;
  try {
    setOwn(attributes, LOST_NAME, (JSON.parse(value) as [string])[0]);
    return true;
  } catch {
    return false;
  }
}

/** The SDK's dates are in the machine's time; the core's clock may be another. */
function addTimes<Handle>(delivery: Mutable<Delivery<Handle>>, message: ReadableMessage, clock: Clock): void {
  const { enqueuedTimeUtc, timeToLive } = message;
  if (enqueuedTimeUtc === undefined) return;
  const aheadMs = clock === systemClock ? 0 : clock.wallNow() - systemClock.wallNow();
  const enqueuedAtMs = enqueuedTimeUtc.getTime() + aheadMs;
  delivery.enqueuedAtMs = Math.round(enqueuedAtMs);
  if (timeToLive === undefined || timeToLive >= FOREVER_MS) return;
  const expiresAtMs = Math.round(enqueuedAtMs + timeToLive);
  if (expiresAtMs < FOREVER_MS) delivery.expiresAtMs = expiresAtMs;
}

function addDeadLetter<Handle>(
  delivery: Mutable<Delivery<Handle>>,
  { deadLetterReason, deadLetterErrorDescription, deadLetterSource }: ReadableMessage,
): void {
  if ((deadLetterReason ?? deadLetterErrorDescription ?? deadLetterSource) === undefined) return;
  const info = {
    ...(typeof deadLetterReason === "string" ? { reason: deadLetterReason } : {}),
    ...(typeof deadLetterErrorDescription === "string" ? { description: deadLetterErrorDescription } : {}),
    ...(deadLetterSource === undefined ? {} : { source: deadLetterSource }),
  };
  if (Object.keys(info).length > 0) delivery.deadLetter = info;
}

/** Ids are text, unsigned numbers, UUIDs or bytes. @throws for anything else that a sender wrote */
export function textOf(id: ServiceBusReceivedMessage["messageId"]): string | undefined {
  if (id === undefined) return undefined;
  if (typeof id === "number") return String(id);
  if (id.length === 0) return undefined;
  if (typeof id === "string") return id;
  if (!(id instanceof Uint8Array)) throw new TypeError("the id has a type that ids do not have");
  const hex = Buffer.from(id).toString("hex");
  return hex.length === UUID_DIGITS ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") : hex;
}

const UUID_DIGITS = 32;

/** A view, not a copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
