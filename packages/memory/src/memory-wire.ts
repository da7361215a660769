import { queueError, type DeadLetterInfo, type Delivery, type OutgoingMessage } from "@anyqueue/core/adapter";
import {
  ChangedContent,
  type Lease,
  type MessageContent,
  type StoredMessage,
} from "./broker/stored-message.ts";

const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/** Our counting rule: the body, and names and values of the attributes, in UTF-8. */
export function sizeOfMessage(message: OutgoingMessage): number {
  const { text } = message;
  let size = text === undefined ? message.body.byteLength : Buffer.byteLength(text);
  for (const name in message.attributes) {
    size += Buffer.byteLength(name) + Buffer.byteLength(message.attributes[name] ?? "");
  }
  return size;
}

/** What is stored. The core hands its message over for good; the attributes are frozen, for handlers see them. */
export function contentOf(message: OutgoingMessage): MessageContent {
  for (const _name in message.attributes) {
    return new ChangedContent(message, Object.freeze({ ...message.attributes }));
  }
  return message;
}

/** What a delivery shows of a stored message. All fields are set at once: one shape for every delivery. */
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
  /** There is no vendor's object; this is the message's number in order of sending. */
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

  /** A copy: a handler may write into its bytes. `slice` of a Buffer would be a view. Made when somebody reads it. */
  get body(): Uint8Array {
    this.#body ??= new Uint8Array(this.#content.body);
    return this.#body;
  }
}

/** A delivery under a lease that began right now. */
export class LeasedDelivery extends StoredView implements Delivery<Lease> {
  readonly handle: Lease;
  readonly leaseMs: number;

  constructor(lease: Lease, leaseMs: number) {
    super(lease.message);
    this.handle = lease;
    this.leaseMs = leaseMs;
  }
}

/** A look at a message without a lease. */
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

/** An object without attributes may be the sender's own; everybody gets the frozen one. */
function shownAttributes(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const _name in attributes) return attributes;
  return NO_ATTRIBUTES;
}
