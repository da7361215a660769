import { setOwn, type Delivery, type OutgoingMessage } from "@anyqueue/core/adapter";
import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { addAttribute, LOST_NAME, readAttributes, typeOf } from "./attribute-wire.ts";
import {
  decodeBody,
  encodeBody,
  encodeText,
  isEncodedAs,
  isLegalText,
  legalJson,
  type BodyEncoding,
} from "./sqs-body.ts";
import { SQS_MAX_NATIVE_ATTRIBUTES } from "./sqs-limits.ts";

/** One attribute carries everything that SQS has no place for, as compact JSON. */
const HEADER_ATTRIBUTE = "aq-h";
/**
 * Another carries attributes that do not fit: the ninth and later ones, empty ones, control characters, and in
 * copies of foreign messages `__proto__`.
 */
const OVERFLOW_ATTRIBUTE = "aq-x";
/** The prefix of the core's attributes, which travel inside the header. */
const CORE_PREFIX = "aq-";
/**
 * Not on the wire: hands SQS's own trace header (X-Ray) to the copies that the core makes of a message. The
 * core copies such names and hides them from applications.
 */
const TRACE_ATTRIBUTE = "aq-aws-trace";
const HEADER_VERSION = 1;

/** What settles a delivery. */
export interface SqsHandle {
  /** Belongs to this receive; SQS accepts the latest one of a message. */
  readonly receiptHandle: string;
  /** The same for every receive of the message. */
  readonly messageId: string;
  /** Milliseconds of the monotonic clock; the 12 hours that SQS allows count from here. */
  readonly receivedAtMs: number;
}

export interface EncodedMessage {
  readonly of: OutgoingMessage;
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
  /** AWSTraceHeader of the message that this is a copy of; SQS counts no bytes for it. */
  readonly trace: string | undefined;
  /** Counted as SQS does: the body, and name, type and value of every attribute. */
  readonly bytes: number;
  /** True: the message gets its own group on a FIFO queue. */
  readonly isAlone: boolean;
}

/** Keys are short because every message pays for them. */
interface Header {
  readonly v: number;
  readonly id: string;
  /** Content type, correlation id, reply to, subject. */
  readonly ct?: string | undefined;
  readonly cid?: string | undefined;
  readonly rt?: string | undefined;
  readonly s?: string | undefined;
  readonly enc?: BodyEncoding | undefined;
  /** Types of overflow attributes that were not strings, as JSON. */
  readonly ty?: string | undefined;
  /** 1: the message had no ordering key; it has its own group. */
  readonly own?: 1 | undefined;
  readonly [core: `${typeof CORE_PREFIX}${string}`]: string;
}

/** Returns the wire form of a message. */
export function encodeMessage(message: OutgoingMessage, isAlone = false): EncodedMessage {
  const body = message.text === undefined ? encodeBody(message.body) : encodeText(message.text);
  // JSON leaves out undefined members.
  const header: Mutable<Header> = {
    v: HEADER_VERSION,
    id: message.id,
    ct: message.contentType,
    cid: message.correlationId,
    rt: message.replyTo,
    s: message.subject,
    enc: body.encoding,
    ty: undefined,
    own: isAlone ? 1 : undefined,
  };
  const attributes: Record<string, MessageAttributeValue> = {};
  let overflow: [string, string][] | undefined;
  let overflowTypes: Record<string, string> | undefined;
  let { bytes } = body;
  let native = 0;
  let trace: string | undefined;
  for (const [name, value] of Object.entries(message.attributes)) {
    if (isOfCore(name)) {
      if (name === TRACE_ATTRIBUTE) trace = value;
      else header[name] = value;
      continue;
    }
    const type = message.attributeTypes === undefined ? undefined : typeOf(message.attributeTypes, name);
    const isNative = value !== "" && name !== LOST_NAME && isLegalText(value);
    if (isNative && native < SQS_MAX_NATIVE_ATTRIBUTES) {
      native += 1;
      bytes += addAttribute(attributes, name, value, type);
    } else {
      (overflow ??= []).push([name, value]);
      if (type !== undefined) setOwn((overflowTypes ??= {}), name, type);
    }
  }
  if (overflowTypes !== undefined) header.ty = JSON.stringify(overflowTypes);
  bytes += addAttribute(attributes, HEADER_ATTRIBUTE, legalJson(header));
  if (overflow !== undefined)
    bytes += addAttribute(attributes, OVERFLOW_ATTRIBUTE, legalJson(Object.fromEntries(overflow)));
  return { of: message, body: body.text, attributes, trace, bytes, isAlone };
}

/** Returns an SQS message as the core sees it; `handedBack` receives of it do not count as deliveries. */
export function decodeMessage(
  message: Message,
  receivedAtMs: number,
  leaseMs: number,
  handedBack = 0,
  native: unknown = message,
): Delivery<SqsHandle> {
  const { attributes, types, unread } = readAttributes(message.MessageAttributes ?? {});
  const delivery = new SqsDelivery(message, attributes, receivedAtMs, leaseMs, native);
  addSystemAttributes(delivery, message.Attributes ?? {}, handedBack);
  if (types !== undefined) delivery.attributeTypes = types;
  if (unread !== undefined)
    delivery.malformed = `the SDK cannot read the attribute ${JSON.stringify(unread)}`;
  try {
    const header = parseHeader(attributes);
    if (header !== undefined) addHeader(delivery, header);
  } catch (error) {
    delivery.malformed = error instanceof Error ? error.message : String(error);
  }
  const trace = message.Attributes?.AWSTraceHeader;
  if (trace !== undefined) delivery.attributes = { ...delivery.attributes, [TRACE_ATTRIBUTE]: trace };
  return delivery;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Keeps the body as the SDK's text: bytes beside it would double the memory of ten thousand deliveries. */
class SqsDelivery implements Mutable<Delivery<SqsHandle>> {
  readonly handle: SqsHandle;
  id: string;
  readonly providerId: string;
  attributes: Readonly<Record<string, string>>;
  readonly leaseMs: number;
  readonly native: unknown;
  // Present only if the message carries them.
  declare attributeTypes?: Readonly<Record<string, string>>;
  declare contentType?: string;
  declare orderingKey?: string;
  declare deduplicationId?: string;
  declare correlationId?: string;
  declare replyTo?: string;
  declare subject?: string;
  declare deliveryCount?: number;
  declare enqueuedAtMs?: number;
  declare deadLetter?: { readonly source: string };
  declare malformed?: string;
  readonly #body: string;
  #encoding: BodyEncoding | undefined;

  constructor(
    { MessageId = "", ReceiptHandle = "", Body = "" }: Message,
    attributes: Readonly<Record<string, string>>,
    receivedAtMs: number,
    leaseMs: number,
    native: unknown,
  ) {
    this.handle = { receiptHandle: ReceiptHandle, messageId: MessageId, receivedAtMs };
    this.id = MessageId;
    this.providerId = MessageId;
    this.attributes = attributes;
    this.leaseMs = leaseMs;
    this.native = native;
    this.#body = Body;
  }

  get body(): Uint8Array {
    return decodeBody(this.#body, this.#encoding);
  }

  get text(): string | undefined {
    return this.#encoding === undefined && this.#body.isWellFormed() ? this.#body : undefined;
  }

  /** @throws if the body is not in this encoding */
  set encoding(encoding: string | undefined) {
    if (!isEncodedAs(this.#body, encoding))
      throw new Error(`the body is not in the encoding ${JSON.stringify(encoding)} that its header says`);
    this.#encoding = encoding;
  }
}

/** @throws if the header does not fit the message; the delivery is then unchanged */
function addHeader(delivery: SqsDelivery, header: Header): void {
  const attributes = carriedAttributes(delivery.attributes, header);
  const types = header.ty === undefined ? undefined : parseTexts(header.ty, `${HEADER_ATTRIBUTE}: "ty"`);
  delivery.encoding = header.enc;
  delivery.id = header.id;
  delivery.attributes = attributes;
  if (types !== undefined) delivery.attributeTypes = { ...delivery.attributeTypes, ...types };
  if (header.ct !== undefined) delivery.contentType = header.ct;
  if (header.cid !== undefined) delivery.correlationId = header.cid;
  if (header.rt !== undefined) delivery.replyTo = header.rt;
  if (header.s !== undefined) delivery.subject = header.s;
  if (header.own === 1) delete delivery.orderingKey;
}

/**
 * Returns all attributes that the sender gave. Uses plain loops: entries, filters and spreads would take
 * three times as long for each message.
 */
function carriedAttributes(
  native: Readonly<Record<string, string>>,
  header: Header,
): Readonly<Record<string, string>> {
  const carried: Record<string, string> = {};
  for (const name of Object.keys(native))
    if (name !== HEADER_ATTRIBUTE && name !== OVERFLOW_ATTRIBUTE) setOwn(carried, name, native[name] ?? "");
  const overflow = native[OVERFLOW_ATTRIBUTE];
  if (overflow !== undefined)
    for (const [name, value] of Object.entries(parseTexts(overflow, OVERFLOW_ATTRIBUTE)))
      setOwn(carried, name, value);
  for (const name of Object.keys(header))
    if (isOfCore(name) && name !== TRACE_ATTRIBUTE) setOwn(carried, name, header[name] ?? "");
  return carried;
}

/** Returns undefined for a foreign message. @throws if the header cannot be ours. */
function parseHeader(attributes: Readonly<Record<string, string>>): Header | undefined {
  const value = attributes[HEADER_ATTRIBUTE];
  if (value === undefined) return undefined;
  const header = parseRecord(value, HEADER_ATTRIBUTE);
  if (header["v"] !== HEADER_VERSION) {
    throw new Error(
      `attribute ${HEADER_ATTRIBUTE} has version ${String(header["v"])}; this package reads ${HEADER_VERSION}`,
    );
  }
  if (typeof header["id"] !== "string" || header["id"] === "")
    throw new Error(`attribute ${HEADER_ATTRIBUTE} has no id`);
  for (const name of Object.keys(header)) {
    if (name !== "v" && name !== "own" && typeof header[name] !== "string") {
      throw new Error(
        `attribute ${HEADER_ATTRIBUTE}: ${JSON.stringify(name)} is ${typeof header[name]}, expected string`,
      );
    }
  }
  return header as unknown as Header;
}

function parseTexts(value: string, attribute: string): Readonly<Record<string, string>> {
  const record = parseRecord(value, attribute);
  for (const name of Object.keys(record))
    if (typeof record[name] !== "string")
      throw new Error(`attribute ${attribute}: ${JSON.stringify(name)} is not a string`);
  return record as Readonly<Record<string, string>>;
}

function parseRecord(value: string, attribute: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new Error(`attribute ${attribute} is not JSON`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new Error(`attribute ${attribute} is not a JSON object`);
  }
  return parsed as Readonly<Record<string, unknown>>;
}

function addSystemAttributes(
  delivery: SqsDelivery,
  system: Readonly<Record<string, string | undefined>>,
  handedBack: number,
): void {
  const count = Number(system["ApproximateReceiveCount"]);
  const sentMs = Number(system["SentTimestamp"]);
  const group = system["MessageGroupId"];
  const token = system["MessageDeduplicationId"];
  const source = system["DeadLetterQueueSourceArn"];
  if (Number.isInteger(count) && count > 0) delivery.deliveryCount = Math.max(1, count - handedBack);
  if (Number.isFinite(sentMs)) delivery.enqueuedAtMs = sentMs;
  // A standard queue's group is a tenant for fairness and orders nothing. Only FIFO has sequence numbers.
  if (group !== undefined && system["SequenceNumber"] !== undefined) delivery.orderingKey = group;
  if (token !== undefined) delivery.deduplicationId = token;
  if (source !== undefined) delivery.deadLetter = { source: source.slice(source.lastIndexOf(":") + 1) };
}

function isOfCore(name: string): name is `${typeof CORE_PREFIX}${string}` {
  return name.startsWith(CORE_PREFIX);
}
