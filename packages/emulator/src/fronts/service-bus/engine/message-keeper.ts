import type { EngineClock } from "../../../time/engine-clock.ts";
import type { Consumer, Delivery } from "./contract.ts";
import type { DistributionHost } from "./distribution.ts";
import type { EngineError } from "./engine-error.ts";
import { LockTable, type Lock } from "./lock-table.ts";
import type { Arrival, MailboxSurroundings } from "./mailbox-surroundings.ts";
import { MessageShelf } from "./message-shelf.ts";
import { OutcomeLog, type Outcome } from "./outcome-log.ts";
import { PlainDistribution } from "./plain-distribution.ts";
import { scheduledNotFound } from "./refusals.ts";
import { SessionDistribution } from "./session-distribution.ts";
import type { SessionHold } from "./session-hold.ts";
import { StoredMessage } from "./stored-message.ts";

/**
 * The messages of one mailbox from arrival to end. No other code moves a message between shelf, locks and
 * distribution.
 */
export class MessageKeeper implements DistributionHost {
  readonly clock: EngineClock;
  readonly shelf = new MessageShelf();
  readonly outcomes = new OutcomeLog();
  readonly locks: LockTable;
  readonly distribution: PlainDistribution | SessionDistribution;
  readonly #around: MailboxSurroundings;
  #lastSequenceNumber = 0;

  constructor(around: MailboxSurroundings) {
    this.clock = around.clock;
    this.#around = around;
    this.locks = new LockTable(around.clock, (lock) => {
      this.endLock(lock);
    });
    const { requiresSession } = around.policy();
    this.distribution = requiresSession ? new SessionDistribution(this) : new PlainDistribution(this);
  }

  get lockDurationMs(): number {
    return this.#around.policy().lockDurationMs;
  }

  /** Numbers only increase, and none is used twice. */
  issueNumber(): number {
    this.#lastSequenceNumber += 1;
    return this.#lastSequenceNumber;
  }

  /** Stores a message without delivering it yet. The caller pumps after the last message of a batch. */
  enqueue(arrival: Arrival): StoredMessage {
    const enqueuedAtMs = arrival.enqueuedAtMs ?? this.clock.now();
    const message = this.#create(arrival, enqueuedAtMs, "ready");
    if (!this.#around.isSubQueue && Number.isFinite(message.timeToLiveMs)) this.#armExpiry(message);
    this.distribution.push(message);
    return message;
  }

  /** Stores a message until it is due, and returns its number. */
  schedule(arrival: Arrival, dueMs: number): number {
    const message = this.#create(arrival, this.clock.now(), "scheduled");
    message.timer = this.clock.at(dueMs, () => {
      message.timer = undefined;
      this.remove(message);
      this.#around.activated(message);
    });
    return message.sequenceNumber;
  }

  cancelScheduled(sequenceNumbers: readonly number[]): void {
    const messages = sequenceNumbers.map((sequenceNumber) => {
      const message = this.shelf.find(sequenceNumber);
      if (message?.state !== "scheduled") throw scheduledNotFound(sequenceNumber);
      return message;
    });
    for (const message of messages) this.remove(message);
  }

  pump(): void {
    this.distribution.pump();
  }

  handOut(message: StoredMessage, consumer: Consumer, hold: SessionHold | undefined): void {
    if (consumer.mode === "receiveAndDelete") this.remove(message, "taken");
    consumer.deliver(
      consumer.mode === "peekLock"
        ? this.lock(message, hold)
        : { message, lockToken: undefined, lockedUntilMs: undefined },
    );
  }

  lock(message: StoredMessage, hold: SessionHold | undefined): Delivery {
    this.shelf.setState(message, "locked");
    if (hold !== undefined) {
      const { token } = this.locks.lockInSession(message, hold);
      return { message, lockToken: token, lockedUntilMs: hold.lockedUntilMs };
    }
    const lock = this.locks.lock(message, this.lockDurationMs);
    return { message, lockToken: lock.token, lockedUntilMs: lock.untilMs };
  }

  /** A lock ran out. If the message has another valid lock, it stays locked. */
  endLock(lock: Lock): void {
    const { message } = lock;
    if (!this.locks.drop(lock)) return;
    this.count(message, "lockLost");
    this.#comeBack(message, true);
    this.pump();
  }

  /** The hold on the message's session ended. */
  giveBack(message: StoredMessage, isCounted: boolean): void {
    this.locks.release(message);
    if (isCounted) this.count(message, "lockLost");
    this.#comeBack(message, isCounted);
  }

  /** The receiver abandoned the message. The delivery counts. */
  abandon(message: StoredMessage): void {
    this.count(message, "abandoned");
    this.locks.release(message);
    this.#comeBack(message, true);
    this.pump();
  }

  /** The receiver gave the message back without trying it. The delivery does not count. */
  giveUp(message: StoredMessage): void {
    this.count(message, "released");
    this.locks.release(message);
    this.#comeBack(message, false);
    this.pump();
  }

  defer(message: StoredMessage): void {
    this.count(message, "deferred");
    this.locks.release(message);
    message.isDeferred = true;
    // A deferral counts as a delivery, as .NET clients see it.
    if (!this.#around.isSubQueue) message.deliveryCount += 1;
    if (this.#expireIfDue(message)) return;
    this.shelf.setState(message, "deferred");
  }

  remove(message: StoredMessage, outcome?: Outcome): void {
    if (message.state === "gone") return;
    if (outcome !== undefined) this.count(message, outcome);
    const wasScheduled = message.state === "scheduled";
    this.locks.release(message);
    if (message.timer !== undefined) this.clock.cancel(message.timer);
    message.timer = undefined;
    this.shelf.setState(message, "gone");
    if (!wasScheduled) this.distribution.removed(message);
  }

  /** Takes out every ready message, for an entity that forwards from now on. */
  takeReady(): StoredMessage[] {
    const ready = this.shelf.all().filter(({ state }) => state === "ready");
    for (const message of ready) this.remove(message);
    return ready;
  }

  discard(error: EngineError): void {
    this.distribution.end(error);
    for (const message of this.shelf.all()) this.remove(message);
  }

  count(message: StoredMessage, outcome: Outcome): void {
    this.outcomes.count(message.content.properties.messageId, outcome);
  }

  #create(arrival: Arrival, enqueuedAtMs: number, state: "scheduled" | "ready"): StoredMessage {
    const sequenceNumber = this.issueNumber();
    const message = new StoredMessage({
      content: arrival.content,
      sequenceNumber,
      enqueuedSequenceNumber: arrival.enqueuedSequenceNumber ?? sequenceNumber,
      enqueuedAtMs,
      timeToLiveMs: this.#timeToLiveOf(arrival),
      deliveryCount: arrival.deliveryCount,
      deadLetterSource: arrival.deadLetterSource,
      state,
    });
    this.shelf.add(message);
    return message;
  }

  #timeToLiveOf({ content, timeToLiveCapMs }: Arrival): number {
    const capMs = Math.min(timeToLiveCapMs, this.#around.policy().defaultMessageTimeToLiveMs);
    return Math.min(content.properties.timeToLiveMs ?? capMs, capMs);
  }

  #comeBack(message: StoredMessage, isCounted: boolean): void {
    if (this.#expireIfDue(message)) return;
    if (isCounted && !this.#around.isSubQueue) {
      message.deliveryCount += 1;
      if (message.deliveryCount >= this.#around.policy().maxDeliveryCount) {
        this.#buryWornOut(message);
        return;
      }
    }
    if (message.isDeferred) {
      this.shelf.setState(message, "deferred");
      return;
    }
    if (this.#around.isForwarding()) {
      this.remove(message);
      this.#around.passOn(message);
      return;
    }
    this.shelf.setState(message, "ready");
    this.distribution.putBack(message);
  }

  #buryWornOut(message: StoredMessage): void {
    this.remove(message, "deadLettered");
    this.#around.bury(message, {
      reason: "MaxDeliveryCountExceeded",
      description: `Message could not be consumed after ${String(message.deliveryCount)} delivery attempts.`,
    });
  }

  #armExpiry(message: StoredMessage): void {
    message.timer = this.clock.at(message.expiresAtMs, () => {
      message.timer = undefined;
      // The receiver may still settle a locked message. It expires when its lock ends.
      if (message.state !== "locked") this.#expire(message);
    });
  }

  #expireIfDue(message: StoredMessage): boolean {
    if (this.#around.isSubQueue || message.expiresAtMs > this.clock.now()) return false;
    this.#expire(message);
    return true;
  }

  #expire(message: StoredMessage): void {
    this.remove(message, "expired");
    this.#around.expired(message);
  }
}
