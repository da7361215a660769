import { seededRandom } from "@anyqueue/core/adapter";
import { DeduplicationWindow } from "./deduplication-window.ts";
import { Mailbox, type BurialOrder } from "./mailbox.ts";
import { FirstReadyFirst, ShuffledReady } from "./ready-order.ts";
import { ChangedContent, StoredMessage, type MessageContent } from "./stored-message.ts";

/** Dead letters of `orders` are read as `orders/dead`. */
const DEAD_SUFFIX = "/dead";

export interface BrokerOptions {
  /** Chooses among ready messages; undefined means first ready, first out. */
  readonly seed?: number | undefined;
  /** How long a deduplication id is remembered, in milliseconds. */
  readonly deduplicationWindowMs: number;
}

/** What producers send to: a queue has one mailbox, a topic has one per subscription. */
export interface Destination {
  readonly kind: "queue" | "topic";
  readonly name: string;
  readonly mailboxes: Map<string, Mailbox>;
  readonly deduplication: DeduplicationWindow;
}

export interface Submission {
  readonly content: MessageContent;
  readonly isDeduplicated: boolean;
  readonly delayMs: number;
  /** Counted from the end of the delay. */
  readonly ttlMs: number | undefined;
  /** Unix epoch milliseconds, for display only. */
  readonly enqueuedAtMs: number;
}

export interface Accepted {
  readonly sequence: number;
  readonly isDuplicate: boolean;
}

/** Queues, topics and subscriptions as a pure state machine: no I/O, timers or clock; takes `nowMs`. */
export class Broker {
  readonly #queues = new Map<string, Destination>();
  readonly #topics = new Map<string, Destination>();
  readonly #dead = new Map<Mailbox, Mailbox>();
  /** Messages sent with a delay, until they are due or cancelled. */
  readonly #scheduled = new Map<number, { readonly message: StoredMessage; readonly mailbox: Mailbox }[]>();
  readonly #windowMs: number;
  readonly #random: (() => number) | undefined;
  #lastSequence = 0;
  /** Number of scheduled messages at which the next sweep runs. */
  #sweepScheduledAt = 1_024;
  #lastToken = 0;

  constructor(options: BrokerOptions) {
    this.#windowMs = options.deduplicationWindowMs;
    this.#random = options.seed === undefined ? undefined : seededRandom(options.seed);
  }

  /** Delayed messages that can be cancelled, plus some that have become due since the last sweep. */
  get scheduledCount(): number {
    return this.#scheduled.size;
  }

  findQueue(name: string): Destination | undefined {
    return this.#queues.get(name);
  }

  findTopic(name: string): Destination | undefined {
    return this.#topics.get(name);
  }

  /** Idempotent. */
  createQueue(name: string): Destination {
    const existing = this.#queues.get(name);
    if (existing !== undefined) return existing;
    const queue = this.#newDestination("queue", name);
    queue.mailboxes.set(name, this.#newMailbox(name, true));
    this.#queues.set(name, queue);
    return queue;
  }

  /** Idempotent. */
  createTopic(name: string): Destination {
    const existing = this.#topics.get(name);
    if (existing !== undefined) return existing;
    const topic = this.#newDestination("topic", name);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Idempotent. The subscription gets what is sent from now on. */
  createSubscription(topic: Destination, name: string): Mailbox {
    const existing = topic.mailboxes.get(name);
    if (existing !== undefined) return existing;
    const subscription = this.#newMailbox(`${topic.name}/${name}`, true);
    topic.mailboxes.set(name, subscription);
    return subscription;
  }

  /**
   * The dead letters of a mailbox; they live as long as it does. If their queue was deleted, this recreates
   * it, or takes the queue that has its name by now: nobody would look in the old one.
   */
  deadLettersOf(source: Mailbox): Mailbox {
    const wired = this.#dead.get(source);
    if (wired !== undefined && !wired.isDeleted) return wired;
    const successor = wired && this.createQueue(wired.name).mailboxes.get(wired.name);
    const dead = successor ?? this.#newMailbox(source.name + DEAD_SUFFIX, false);
    this.wireDeadLetters(source, dead);
    return dead;
  }

  findDeadLettersOf(source: Mailbox): Mailbox | undefined {
    return this.#dead.get(source);
  }

  /** Sends the dead letters of `source` to another mailbox from now on. */
  wireDeadLetters(source: Mailbox, dead: Mailbox): void {
    this.#dead.get(source)?.feeders.delete(source);
    this.#dead.set(source, dead);
    dead.feeders.add(source);
  }

  /** A destination with this one mailbox, for sending a copy into dead letters. */
  destinationOver(mailbox: Mailbox): Destination {
    const destination = this.#newDestination("queue", mailbox.name);
    destination.mailboxes.set(mailbox.name, mailbox);
    return destination;
  }

  deleteDestination(destination: Destination): void {
    (destination.kind === "queue" ? this.#queues : this.#topics).delete(destination.name);
  }

  /** Forgets a mailbox, which must have been purged. Its own dead letters go with it; a wired queue stays. */
  retire(mailbox: Mailbox): void {
    mailbox.isDeleted = true;
    const dead = this.#dead.get(mailbox);
    dead?.feeders.delete(mailbox);
    this.#dead.delete(mailbox);
    if (dead?.name === mailbox.name + DEAD_SUFFIX) dead.isDeleted = true;
  }

  *destinations(): Iterable<Destination> {
    yield* this.#queues.values();
    yield* this.#topics.values();
  }

  /** Stores one message in every mailbox of the destination; a duplicate stores nothing. */
  submit(destination: Destination, submission: Submission, nowMs: number): Accepted {
    const { content } = submission;
    const id = submission.isDeduplicated ? content.deduplicationId : undefined;
    if (id !== undefined) {
      const first = destination.deduplication.find(id, nowMs);
      if (first !== undefined) return { sequence: first, isDuplicate: true };
    }
    this.#lastSequence += 1;
    const sequence = this.#lastSequence;
    if (id !== undefined) destination.deduplication.remember(id, sequence, nowMs);
    const { delayMs, enqueuedAtMs } = submission;
    // As on Service Bus, the time to live begins when the delay is over.
    const ttlMs = submission.ttlMs === undefined ? undefined : Math.max(0, delayMs) + submission.ttlMs;
    for (const mailbox of destination.mailboxes.values()) {
      const message = new StoredMessage(sequence, content, enqueuedAtMs, ttlMs);
      if (ttlMs !== undefined) message.expiresAtMs = nowMs + ttlMs;
      mailbox.enqueue(message, delayMs, nowMs);
      if (delayMs > 0) this.#noteScheduled(sequence, message, mailbox);
    }
    return { sequence, isDuplicate: false };
  }

  /** Removes a message whose delay has not ended. Returns false if it is due, cancelled or unknown. */
  cancel(sequence: number, nowMs: number): boolean {
    const copies = this.#scheduled.get(sequence);
    if (copies === undefined) return false;
    this.#scheduled.delete(sequence);
    let isCancelled = false;
    for (const { message, mailbox } of copies) {
      if (mailbox.cancel(message, nowMs)) isCancelled = true;
    }
    return isCancelled;
  }

  /** Stores a second copy with the same identity, as an at-least-once broker may. */
  duplicate(message: StoredMessage, mailbox: Mailbox, nowMs: number): void {
    const { sequence, content, enqueuedAtMs, ttlMs, burial } = message;
    const copy = new StoredMessage(sequence, content, enqueuedAtMs, ttlMs, burial);
    copy.expiresAtMs = message.expiresAtMs;
    mailbox.enqueue(copy, 0, nowMs);
  }

  /** Moves visible dead letters back to work, as new messages. Returns how many moved. */
  redrive(dead: Mailbox, to: Destination | Mailbox, nowMs: number): number {
    const targets = to instanceof Mailbox ? [to] : [...to.mailboxes.values()];
    // Without subscriptions, the topic would drop them.
    if (targets.length === 0) return 0;
    const messages = dead.takeVisible(nowMs);
    for (const { content, enqueuedAtMs } of messages) {
      this.#lastSequence += 1;
      for (const target of targets)
        target.enqueue(new StoredMessage(this.#lastSequence, content, enqueuedAtMs, undefined), 0, nowMs);
    }
    return messages.length;
  }

  #noteScheduled(sequence: number, message: StoredMessage, mailbox: Mailbox): void {
    const copies = this.#scheduled.get(sequence);
    if (copies === undefined) this.#scheduled.set(sequence, [{ message, mailbox }]);
    else copies.push({ message, mailbox });
    // Entries that have become due are dropped here from time to time, not each at its due time.
    if (this.#scheduled.size < this.#sweepScheduledAt) return;
    for (const [key, [first]] of this.#scheduled) {
      if (first?.message.state !== "scheduled") this.#scheduled.delete(key);
    }
    this.#sweepScheduledAt = Math.max(1_024, this.#scheduled.size * 2);
  }

  #bury(source: Mailbox, message: StoredMessage, order: BurialOrder, nowMs: number): void {
    const content = withAttributes(message.content, order.attributes);
    // No time to live: a dead letter is kept until somebody looks at it.
    const buried = new StoredMessage(message.sequence, content, message.enqueuedAtMs, undefined, {
      reason: order.reason,
      source: source.name,
      ...(order.description === undefined ? {} : { description: order.description }),
    });
    this.deadLettersOf(source).enqueue(buried, 0, nowMs);
  }

  #newDestination(kind: Destination["kind"], name: string): Destination {
    const deduplication = new DeduplicationWindow(this.#windowMs);
    return { kind, name, mailboxes: new Map(), deduplication };
  }

  #newMailbox(name: string, keepsKeys: boolean): Mailbox {
    const mailbox: Mailbox = new Mailbox({
      name,
      keepsKeys,
      ready: this.#random === undefined ? new FirstReadyFirst() : new ShuffledReady(this.#random),
      nextToken: () => {
        this.#lastToken += 1;
        return this.#lastToken;
      },
      bury: (message, order, nowMs) => this.#bury(mailbox, message, order, nowMs),
    });
    return mailbox;
  }
}

/** Returns the content with `attributes` added, or the same object if there are none to add. */
export function withAttributes(
  content: MessageContent,
  attributes: Readonly<Record<string, string>>,
): MessageContent {
  if (Object.keys(attributes).length === 0) return content;
  return new ChangedContent(content, Object.freeze({ ...content.attributes, ...attributes }));
}
