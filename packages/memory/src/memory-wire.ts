import { queueError, type DeadLetterInfo, type Delivery, type OutgoingMessage } from "@anyqueue/core/adapter";
import {
  ChangedContent,
  type Lease,
  type MessageContent,
  type StoredMessage,
} from "./broker/stored-message.ts";

const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/** Our way of counting: the body plus the names and values of the attributes, in UTF-8. */
export function sizeOfMessage(message: OutgoingMessage): number {
  const { text } = message;
  let size = text === undefined ? message.body.byteLength : Buffer.byteLength(text);
  for (const name of Object.keys(message.attributes)) {
    size += Buffer.byteLength(name) + Buffer.byteLength(message.attributes[name] ?? "");
  }
  return size;
}

/** What is stored. The core gives its message away. Attributes are frozen, since handlers see them. */
export function contentOf(message: OutgoingMessage): MessageContent {
  for (const _name in message.attributes) {
    return new ChangedContent(message, Object.freeze({ ...message.attributes }));
  }
  return message;
}

/** A stored message as a delivery shows it. The constructor sets all fields: every delivery has one shape. */
class StoredView {
  readonly id: string;
  readonly providerId: string;
  readonly text?: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly enqueuedAtMs: number;
  readonly deliveryCount: number;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
  readonly expiresAtMs?: number;
  readonly deadLetter?: DeadLetterInfo;
  /** There is no vendor object, so this is the message's number in the order of sending. */
  readonly native: number;
  readonly #content: MessageContent;
  #body: Uint8Array | undefined;

  constructor(message: StoredMessage) {
    const { content } = message;
    this.id = content.id;
    this.providerId = providerIdOf(message.sequence);
    this.#content = content;
    if (content.text !== undefined) this.text = content.text;
    this.contentType = content.contentType;
    this.attributes = shownAttributes(content.attributes);
    this.enqueuedAtMs = message.enqueuedAtMs;
    this.deliveryCount = message.deliveryCount;
    this.native = message.sequence;
    if (content.orderingKey !== undefined) this.orderingKey = content.orderingKey;
    if (content.deduplicationId !== undefined) this.deduplicationId = content.deduplicationId;
    if (content.correlationId !== undefined) this.correlationId = content.correlationId;
    if (content.replyTo !== undefined) this.replyTo = content.replyTo;
    if (content.subject !== undefined) this.subject = content.subject;
    if (message.ttlMs !== undefined) this.expiresAtMs = message.enqueuedAtMs + message.ttlMs;
    if (message.burial !== undefined) this.deadLetter = message.burial;
  }

  /** A copy, since a handler may write into it; made on first read. `slice` of a Buffer would be a view. */
  get body(): Uint8Array {
    this.#body ??= new Uint8Array(this.#content.body);
    return this.#body;
  }
}

/** A delivery whose lease begins now. */
export class LeasedDelivery extends StoredView implements Delivery<Lease> {
  readonly handle: Lease;
  readonly leaseMs: number;

  constructor(lease: Lease, leaseMs: number) {
    super(lease.message);
    this.handle = lease;
    this.leaseMs = leaseMs;
  }
}

/** A message as seen without a lease. */
export class PeekedDelivery extends StoredView implements Delivery<never> {
  get handle(): never {
    throw queueError("UNSUPPORTED", {
      what: "a peeked message cannot be settled",
      remedy: "Receive it.",
      provider: "memory",
    });
  }
}

export function providerIdOf(sequence: number): string {
  return String(sequence);
}

/** An empty attributes object may be the sender's own, so everybody gets the frozen one. */
function shownAttributes(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const _name in attributes) return attributes;
  return NO_ATTRIBUTES;
}
