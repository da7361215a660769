import type { DueInOrder } from "./due-order.ts";
import type { KeyGroup } from "./key-group.ts";
import type { Linked } from "./linked-queue.ts";

/** What was sent. Never changed: a copy replaces it where something is added. */
export interface MessageContent {
  readonly id: string;
  readonly body: Uint8Array;
  /** The text whose UTF-8 the body is. */
  readonly text?: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly subject?: string;
}

/** The content of another one with other attributes. */
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

  /** Read when somebody asks: text may have no bytes yet. */
  get body(): Uint8Array {
    return this.#original.body;
  }
}

/** Why a message is a dead letter. */
export interface Burial {
  readonly reason: string;
  readonly description?: string;
  /** Name of the queue or subscription that it comes from. */
  readonly source: string;
}

/**
 * `scheduled`: sent with a delay, has no place among its key's messages before it is due ·
 * `delayed`: released with a delay, keeps its place and holds its key ·
 * `gone`: acked, expired, cancelled, purged or moved to the dead letters.
 */
export type MessageState = "scheduled" | "visible" | "leased" | "delayed" | "gone";

/** How one hand-over stands. Only an open lease holds its message. */
export type LeaseState = "open" | "acked" | "released" | "buried" | "lost";

/** Who holds a lease; the broker carries it and never calls it. */
export interface LeaseHolder {
  leasesLost(leases: readonly Lease[]): void;
}

/** One hand-over of one message. */
export class Lease {
  readonly message: StoredMessage;
  /** Unique in its broker. */
  readonly token: number;
  /** Number of this hand-over, 1 on the first. */
  readonly deliveryCount: number;
  state: LeaseState = "open";
  holder: LeaseHolder | undefined = undefined;

  constructor(message: StoredMessage, token: number) {
    this.message = message;
    this.token = token;
    this.deliveryCount = message.deliveryCount;
  }
}

/** One message in one mailbox. The mailbox alone changes it. */
export class StoredMessage implements Linked<StoredMessage>, DueInOrder<StoredMessage> {
  readonly sequence: number;
  content: MessageContent;
  /** Unix epoch milliseconds: data for people, nothing is computed from it. */
  readonly enqueuedAtMs: number;
  /** By the broker's time; Infinity = never. Set before a mailbox takes it. */
  expiresAtMs: number = Number.POSITIVE_INFINITY;
  readonly ttlMs: number | undefined;
  readonly burial: Burial | undefined;
  /** `gone` until a mailbox takes it. */
  state: MessageState = "gone";
  deliveryCount = 0;
  lease: Lease | undefined = undefined;
  /** Set while the message has its place among the messages of its key. */
  group: KeyGroup | undefined = undefined;
  /** Its place among the messages of its key. */
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
