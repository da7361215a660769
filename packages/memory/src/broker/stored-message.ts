import type { DueInOrder } from "./due-order.ts";
import type { KeyGroup } from "./key-group.ts";
import type { Linked } from "./linked-queue.ts";

/** What was sent. Immutable: a changed copy replaces it when something is added. */
export interface MessageContent {
  readonly id: string;
  readonly body: Uint8Array;
  /** The text of which `body` is the UTF-8. */
  readonly text?: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
}

/** Another message's content with other attributes. */
export class ChangedContent implements MessageContent {
  readonly id: string;
  readonly text?: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
  readonly #original: MessageContent;

  constructor(original: MessageContent, attributes: Readonly<Record<string, string>>) {
    this.#original = original;
    this.id = original.id;
    this.contentType = original.contentType;
    this.attributes = attributes;
    if (original.text !== undefined) this.text = original.text;
    if (original.orderingKey !== undefined) this.orderingKey = original.orderingKey;
    if (original.deduplicationId !== undefined) this.deduplicationId = original.deduplicationId;
    if (original.correlationId !== undefined) this.correlationId = original.correlationId;
    if (original.replyTo !== undefined) this.replyTo = original.replyTo;
    if (original.subject !== undefined) this.subject = original.subject;
  }

  /** Read on demand: the bytes of a text may not exist yet. */
  get body(): Uint8Array {
    return this.#original.body;
  }
}

/** Why a message is a dead letter. */
export interface Burial {
  readonly reason: string;
  readonly description?: string;
  /** Name of the queue or subscription that it came from. */
  readonly source: string;
}

/**
 * `scheduled`: sent with a delay, has no place in its key's order until it is due ·
 * `delayed`: released with a delay, keeps its place and holds its key ·
 * `gone`: acked, expired, cancelled, purged or moved to the dead letters.
 */
export type MessageState = "scheduled" | "visible" | "leased" | "delayed" | "gone";

/** State of one hand-over. Only an open lease holds its message. */
export type LeaseState = "open" | "acked" | "released" | "buried" | "lost";

/** Holder of a lease. The broker carries it but never calls it. */
export interface LeaseHolder {
  leasesLost(leases: readonly Lease[]): void;
}

/** One hand-over of one message. */
export class Lease {
  readonly message: StoredMessage;
  /** Unique in its broker. */
  readonly token: number;
  /** Number of this hand-over, from 1. */
  readonly deliveryCount: number;
  state: LeaseState = "open";
  holder: LeaseHolder | undefined = undefined;

  constructor(message: StoredMessage, token: number) {
    this.message = message;
    this.token = token;
    this.deliveryCount = message.deliveryCount;
  }
}

/** One message in one mailbox. Only the mailbox changes it. */
export class StoredMessage implements Linked<StoredMessage>, DueInOrder<StoredMessage> {
  readonly sequence: number;
  content: MessageContent;
  /** Unix epoch milliseconds, for people to read; the broker computes nothing from it. */
  readonly enqueuedAtMs: number;
  /** In the broker's time; Infinity means never. Set before a mailbox takes the message. */
  expiresAtMs: number = Number.POSITIVE_INFINITY;
  /** From its sending, its delay included. */
  readonly ttlMs: number | undefined;
  readonly burial: Burial | undefined;
  /** `gone` until a mailbox takes it. */
  state: MessageState = "gone";
  deliveryCount = 0;
  lease: Lease | undefined = undefined;
  /** Set while the message has a place in its key's order. */
  group: KeyGroup | undefined = undefined;
  /** Its place in its key's order. */
  place = 0;
  /** When it became ready, relative to others. */
  readyStamp = 0;
  readyIndex = -1;
  previous: StoredMessage | undefined = undefined;
  next: StoredMessage | undefined = undefined;
  dueAtMs: number = Number.POSITIVE_INFINITY;
  dueIndex = -1;
  duePrevious: StoredMessage | undefined = undefined;
  dueNext: StoredMessage | undefined = undefined;

  constructor(
    sequence: number,
    content: MessageContent,
    enqueuedAtMs: number,
    ttlMs: number | undefined,
    burial?: Burial,
  ) {
    this.sequence = sequence;
    this.content = content;
    this.enqueuedAtMs = enqueuedAtMs;
    this.ttlMs = ttlMs;
    this.burial = burial;
  }
}
