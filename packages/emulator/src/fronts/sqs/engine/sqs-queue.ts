import type { EngineClock } from "../../../time/engine-clock.ts";
import { SQS_MAX_VISIBILITY_SECONDS, type SqsLimits } from "../sqs-limits.ts";
import { DedupWindow } from "./dedup-window.ts";
import { FairLine } from "./fair-line.ts";
import { GroupLanes } from "./group-lanes.ts";
import type { AttributeValues } from "./queue-attributes.ts";
import {
  freshOrigin,
  type DeleteOutcome,
  type Delivery,
  type MessageOrigin,
  type ReceiveRequest,
  type SendReceipt,
  type VisibilityOutcome,
} from "./queue-contract.ts";
import { queueArn, type QueueAddress } from "./queue-arn.ts";
import { MessageShelf, type MessageCounts } from "./message-shelf.ts";
import { readSettings, type QueueSettings } from "./queue-settings.ts";
import { decodeReceiptHandle, encodeReceiptHandle } from "./receipt-handle.ts";
import { ReceiveAttempts } from "./receive-attempts.ts";
import type { MessageContent, StoredMessage } from "./stored-message.ts";
import { WaiterLine, type Defer } from "./waiter-line.ts";

/** What a queue needs from the engine around it. */
export interface QueueSurroundings {
  readonly clock: EngineClock;
  readonly limits: SqsLimits;
  readonly defer: Defer;
  findByArn(arn: string): SqsQueue | undefined;
  nextSequenceNumber(): string;
}

export interface QueueIdentity extends QueueAddress {
  readonly isFifo: boolean;
  /** Tells a queue from a later queue of the same name. */
  readonly instance: number;
}

/** One queue and the lifecycle of its messages. Knows nothing of wire formats and sockets. */
export class SqsQueue {
  readonly identity: QueueIdentity;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly tags: Map<string, string>;
  readonly waiters: WaiterLine;
  readonly #around: QueueSurroundings;
  readonly #shelf: MessageShelf;
  readonly #dedup = new DedupWindow();
  readonly #attempts = new ReceiveAttempts();
  #attributes: AttributeValues;
  #settings: QueueSettings;
  #modifiedAtMs: number;
  #purgedAtMs = Number.NEGATIVE_INFINITY;
  #isDeleted = false;

  constructor(
    identity: QueueIdentity,
    attributes: AttributeValues,
    tags: Map<string, string>,
    around: QueueSurroundings,
  ) {
    this.identity = identity;
    this.arn = queueArn(identity);
    this.tags = tags;
    this.waiters = new WaiterLine(around.defer);
    this.#around = around;
    this.#attributes = attributes;
    this.#settings = readSettings(attributes);
    const order = identity.isFifo ? new GroupLanes() : new FairLine();
    this.#shelf = new MessageShelf(around.clock, order, this.#settings.retentionMs, () => {
      this.waiters.wake();
    });
    this.createdAtMs = around.clock.now();
    this.#modifiedAtMs = this.createdAtMs;
  }

  get attributes(): AttributeValues {
    return this.#attributes;
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  get modifiedAtMs(): number {
    return this.#modifiedAtMs;
  }

  get purgedAtMs(): number {
    return this.#purgedAtMs;
  }

  get counts(): MessageCounts {
    return this.#shelf.counts;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Makes this queue's handles invalid for any other queue, even a later one of the same name. */
  get receiptKey(): string {
    return `${this.identity.instance}/${this.identity.name}`;
  }

  messages(): readonly StoredMessage[] {
    return this.#shelf.all();
  }

  isAtInFlightLimit(): boolean {
    return this.#shelf.counts.inFlight >= this.#around.limits.maxInFlightMessages;
  }

  replaceAttributes(attributes: AttributeValues): void {
    this.#attributes = attributes;
    this.#settings = readSettings(attributes);
    this.#modifiedAtMs = this.#around.clock.now();
    this.#shelf.setRetention(this.#settings.retentionMs);
  }

  send(content: MessageContent, delayMs: number): SendReceipt {
    const nowMs = this.#around.clock.now();
    const dedupKey = this.#dedupKeyOf(content);
    if (dedupKey !== undefined) {
      const first = this.#dedup.find(dedupKey, nowMs);
      if (first !== undefined) return first;
    }
    const message = this.#enqueue(content, freshOrigin(nowMs), delayMs);
    const receipt = { messageId: message.id, sequenceNumber: message.sequenceNumber };
    if (dedupKey !== undefined) this.#dedup.remember(dedupKey, receipt, nowMs);
    return receipt;
  }

  /** Takes over a message from another queue: a dead letter, or one that a move task brings back. */
  adopt(content: MessageContent, origin: MessageOrigin): void {
    this.#enqueue(content, origin, 0);
  }

  receive(request: ReceiveRequest): Delivery[] {
    const repeated = this.#repeatAttempt(request);
    if (repeated !== undefined) return repeated;
    const room = this.#around.limits.maxInFlightMessages - this.#shelf.counts.inFlight;
    const max = Math.min(request.maxMessages, room);
    if (max <= 0) return [];
    const messages = this.#shelf.select(max, (message) => this.#handOut(message));
    for (const message of messages) this.#shelf.hideFor(message, request.visibilityMs);
    if (request.attemptId !== undefined) {
      this.#attempts.remember(request.attemptId, messages, this.#around.clock.now());
    }
    return messages.map((message) => this.#deliveryOf(message));
  }

  /** Returns true if nobody else can have received the message since, or can receive it now. */
  isHeld({ message, receiptHandle }: Delivery): boolean {
    const serial = decodeReceiptHandle(this.receiptKey, receiptHandle)?.serial;
    return message.state === "inFlight" && message.receiptSerial === serial;
  }

  /** A standard queue accepts an outdated handle but deletes nothing; a FIFO queue reports its expiry. */
  delete(receiptHandle: string): DeleteOutcome {
    const receipt = decodeReceiptHandle(this.receiptKey, receiptHandle);
    if (receipt === undefined) return "malformed";
    const message = this.#shelf.get(receipt.messageId);
    if (message === undefined) return "done";
    const isCurrent = message.receiptSerial === receipt.serial;
    if (this.identity.isFifo && !(isCurrent && message.state === "inFlight")) return "expired";
    if (isCurrent) {
      this.#attempts.invalidate(message);
      this.#shelf.remove(message);
    }
    return "done";
  }

  /** On a standard queue the newest handle stays valid after its timeout, until the next receive. */
  changeVisibility(receiptHandle: string, visibilityMs: number): VisibilityOutcome {
    const receipt = decodeReceiptHandle(this.receiptKey, receiptHandle);
    if (receipt === undefined) return "malformed";
    const message = this.#shelf.get(receipt.messageId);
    if (message === undefined || message.receiptSerial !== receipt.serial) return "unavailable";
    if (this.identity.isFifo && message.state !== "inFlight") return "unavailable";
    const heldMs = this.#around.clock.now() - message.lastReceivedAtMs;
    if (visibilityMs > 0 && heldMs + visibilityMs > SQS_MAX_VISIBILITY_SECONDS * 1000) return "beyondLimit";
    this.#attempts.invalidate(message);
    if (message.state !== "inFlight" && visibilityMs > 0) this.#shelf.putInFlight(message);
    this.#shelf.hideFor(message, visibilityMs);
    return "done";
  }

  /** Ends the handle's lease as if its timeout had just run out. */
  expireLease(receiptHandle: string): void {
    const receipt = decodeReceiptHandle(this.receiptKey, receiptHandle);
    const message = receipt === undefined ? undefined : this.#shelf.get(receipt.messageId);
    if (message?.state === "inFlight" && message.receiptSerial === receipt?.serial)
      this.#shelf.hideFor(message, 0);
  }

  /** Returns the message that a move task takes next. */
  peekVisible(): StoredMessage | undefined {
    return this.#shelf.peekVisible();
  }

  /** Removes a message without a receipt. */
  remove(message: StoredMessage): void {
    this.#shelf.remove(message);
  }

  purge(): void {
    this.#purgedAtMs = this.#around.clock.now();
    this.#shelf.clear();
    this.#attempts.clear();
  }

  /** Deletes the queue itself. Waking its long polls lets them notice. */
  discard(): void {
    this.#isDeleted = true;
    this.#shelf.clear();
    this.#dedup.clear();
    this.#attempts.clear();
    this.waiters.wake();
  }

  #dedupKeyOf(content: MessageContent): string | undefined {
    if (!this.identity.isFifo || content.dedupId === undefined) return undefined;
    // A group id cannot contain a space, so the separator is unambiguous.
    return this.#settings.isDedupPerGroup ? `${content.groupId ?? ""} ${content.dedupId}` : content.dedupId;
  }

  #enqueue(content: MessageContent, origin: MessageOrigin, delayMs: number): StoredMessage {
    const message: StoredMessage = {
      ...origin,
      receivedElsewhere: origin.receiveCount,
      content,
      sequenceNumber: this.identity.isFifo ? this.#around.nextSequenceNumber() : undefined,
      state: delayMs > 0 ? "delayed" : "visible",
      lastReceivedAtMs: 0,
      receiptSerial: 0,
      timer: undefined,
      retentionTimer: undefined,
    };
    this.#shelf.add(message, delayMs);
    return message;
  }

  #repeatAttempt(request: ReceiveRequest): Delivery[] | undefined {
    if (request.attemptId === undefined) return undefined;
    const messages = this.#attempts.find(request.attemptId, this.#around.clock.now());
    if (messages === undefined) return undefined;
    for (const message of messages) this.#shelf.hideFor(message, request.visibilityMs);
    return messages.map((message) => this.#deliveryOf(message));
  }

  #deliveryOf(message: StoredMessage): Delivery {
    const receipt = { messageId: message.id, serial: message.receiptSerial };
    return { message, receiptHandle: encodeReceiptHandle(this.receiptKey, receipt) };
  }

  /** Returns false if the message had used up its receives and went to the dead-letter queue instead. */
  #handOut(message: StoredMessage): boolean {
    if (this.#moveToDeadLetters(message)) return false;
    const nowMs = this.#around.clock.now();
    message.receiveCount += 1;
    message.receiptSerial += 1;
    message.firstReceivedAtMs ??= nowMs;
    message.lastReceivedAtMs = nowMs;
    this.#shelf.putInFlight(message);
    return true;
  }

  #moveToDeadLetters(message: StoredMessage): boolean {
    const policy = this.#settings.redrivePolicy;
    if (policy === undefined) return false;
    // "The number of times a message is received by a consumer of the source queue":
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (2026-11-30)
    if (message.receiveCount - message.receivedElsewhere < policy.maxReceiveCount) return false;
    const target = this.#around.findByArn(policy.deadLetterTargetArn);
    if (target === undefined) return false;
    this.#shelf.remove(message);
    target.adopt(message.content, {
      id: message.id,
      // Standard queues keep the time of sending, so the dead-letter queue's retention counts from there.
      // FIFO queues restart it.
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html (2026-11-24)
      sentAtMs: this.identity.isFifo ? this.#around.clock.now() : message.sentAtMs,
      receiveCount: message.receiveCount,
      firstReceivedAtMs: message.firstReceivedAtMs,
      deadLetterSourceArn: this.arn,
    });
    return true;
  }
}
