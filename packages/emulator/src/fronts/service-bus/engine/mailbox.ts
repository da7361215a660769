import type {
  Consumer,
  ConsumerHandle,
  DeadLetterRequest,
  DeferredRequest,
  Delivery,
  Mailbox,
  MessageView,
  PeekRequest,
  SessionHandle,
  SessionWaiter,
} from "./contract.ts";
import type { Lock } from "./lock-table.ts";
import type { Arrival, MailboxSurroundings } from "./mailbox-surroundings.ts";
import { mergeProperties } from "./merge-properties.ts";
import type { ApplicationProperties } from "./message-content.ts";
import { MessageKeeper } from "./message-keeper.ts";
import {
  deadLetterOfDeadLetter,
  hasNoSessions,
  messageLockLost,
  messageNotFound,
  needsSession,
  sessionLockLost,
} from "./refusals.ts";
import { SessionDistribution } from "./session-distribution.ts";
import type { SessionHold } from "./session-hold.ts";
import type { StoredMessage } from "./stored-message.ts";

/** A mailbox as receivers and the edges see it. */
export class MessageMailbox implements Mailbox {
  readonly path: string;
  readonly requiresSession: boolean;
  readonly #around: MailboxSurroundings;
  readonly #keeper: MessageKeeper;

  constructor(path: string, around: MailboxSurroundings) {
    this.path = path;
    this.requiresSession = around.policy().requiresSession;
    this.#around = around;
    this.#keeper = new MessageKeeper(around);
  }

  get lockDurationMs(): number {
    return this.#keeper.lockDurationMs;
  }

  /** Internal part, for the entity that the mailbox belongs to. */
  get keeper(): MessageKeeper {
    return this.#keeper;
  }

  /** Stores and delivers a message from elsewhere. */
  arrive(arrival: Arrival): void {
    this.#keeper.enqueue(arrival);
    this.#keeper.pump();
  }

  attach(consumer: Consumer): ConsumerHandle {
    this.#use();
    const { distribution } = this.#keeper;
    if (distribution instanceof SessionDistribution) throw needsSession();
    return distribution.attach(consumer);
  }

  acceptSession(sessionId: string): SessionHandle {
    this.#use();
    return this.#sessions().accept(sessionId);
  }

  acceptNextSession(waiter: SessionWaiter, timeoutMs: number): { cancel(): void } {
    this.#use();
    return this.#sessions().acceptNext(waiter, timeoutMs);
  }

  complete(lockToken: string): void {
    const { message } = this.#held(lockToken);
    this.#keeper.remove(message, "completed");
  }

  abandon(lockToken: string, properties?: ApplicationProperties): void {
    const { message } = this.#held(lockToken);
    this.#change(message, properties);
    this.#keeper.abandon(message);
  }

  release(lockToken: string): void {
    const { message } = this.#held(lockToken);
    this.#keeper.giveUp(message);
  }

  defer(lockToken: string, properties?: ApplicationProperties): void {
    const { message } = this.#held(lockToken);
    this.#change(message, properties);
    this.#keeper.defer(message);
  }

  deadLetter(lockToken: string, request: DeadLetterRequest): void {
    const { message } = this.#held(lockToken);
    if (this.#around.isSubQueue) throw deadLetterOfDeadLetter();
    this.#keeper.remove(message, "deadLettered");
    this.#around.bury(message, {
      reason: request.reason,
      description: request.description,
      properties: request.properties,
    });
  }

  renewLock(lockToken: string): number {
    const lock = this.#held(lockToken);
    // A message of a session is locked by the session's lock.
    if (lock.hold !== undefined) return this.#sessions().renew(lock.hold);
    this.#keeper.locks.renew(lock, this.lockDurationMs);
    return lock.untilMs;
  }

  renewSessionLock(sessionId: string): number {
    return this.#sessions().renew(this.#holdOf(sessionId));
  }

  sessionState(sessionId: string): Uint8Array | null {
    return this.#holdOf(sessionId).session.state;
  }

  setSessionState(sessionId: string, state: Uint8Array | null): void {
    this.#sessions().setState(this.#holdOf(sessionId).session, state);
  }

  sessionIds(skip: number, top: number): readonly string[] {
    const sessions = this.#sessions().sessions();
    const used = sessions.filter(({ messageCount, state }) => messageCount > 0 || state !== null);
    const ids = used.map(({ id }) => id).toSorted();
    return ids.slice(skip, skip + top);
  }

  receiveDeferred(request: DeferredRequest): readonly Delivery[] {
    this.#use();
    const hold = this.requiresSession ? this.#holdOf(request.sessionId ?? "") : undefined;
    const messages = [...new Set(request.sequenceNumbers)].map((sequenceNumber) =>
      this.#deferred(sequenceNumber, hold?.sessionId),
    );
    return messages.map((message) => this.#takeDeferred(message, request.mode === "peekLock", hold));
  }

  peek(request: PeekRequest): readonly MessageView[] {
    this.#around.touch();
    const { fromSequenceNumber, max, sessionId } = request;
    return this.#keeper.shelf.from(
      fromSequenceNumber,
      max,
      (message) => sessionId === undefined || message.sessionId === sessionId,
    );
  }

  deleteMessages(max: number, enqueuedBeforeMs: number): number {
    this.#around.touch();
    const messages = this.#keeper.shelf.from(
      0,
      max,
      ({ state, enqueuedAtMs }) => state === "ready" && enqueuedAtMs < enqueuedBeforeMs,
    );
    return this.#removeAll(messages);
  }

  purge(): number {
    this.#around.touch();
    return this.#removeAll(this.#keeper.shelf.all().filter(({ state }) => state !== "locked"));
  }

  expireLock(lockToken: string): boolean {
    const lock = this.#keeper.locks.find(lockToken);
    if (lock !== undefined) this.#keeper.endLock(lock);
    return lock !== undefined;
  }

  loseSession(sessionId: string): boolean {
    const sessions = this.#sessions();
    const hold = sessions.holdOf(sessionId);
    if (hold !== undefined) sessions.lose(hold);
    return hold !== undefined;
  }

  deliverAgain(lockToken: string): boolean {
    const lock = this.#keeper.locks.find(lockToken);
    if (lock === undefined) return false;
    this.#keeper.distribution.again(lock.message);
    this.#keeper.pump();
    return true;
  }

  #use(): void {
    this.#around.checkReceive();
    this.#around.touch();
  }

  #sessions(): SessionDistribution {
    const { distribution } = this.#keeper;
    if (distribution instanceof SessionDistribution) return distribution;
    throw hasNoSessions();
  }

  #holdOf(sessionId: string): SessionHold {
    const hold = this.#sessions().holdOf(sessionId);
    if (hold === undefined) throw sessionLockLost();
    return hold;
  }

  #held(lockToken: string): Lock {
    this.#around.touch();
    const lock = this.#keeper.locks.find(lockToken);
    if (lock !== undefined) return lock;
    throw this.requiresSession ? sessionLockLost() : messageLockLost();
  }

  #change(message: StoredMessage, properties: ApplicationProperties | undefined): void {
    const changed = mergeProperties(message.content, properties);
    if (changed !== message.content) this.#keeper.shelf.replaceContent(message, changed);
  }

  #deferred(sequenceNumber: number, sessionId: string | undefined): StoredMessage {
    const message = this.#keeper.shelf.find(sequenceNumber);
    if (message?.state !== "deferred" || (sessionId !== undefined && message.sessionId !== sessionId))
      throw messageNotFound(sequenceNumber);
    return message;
  }

  #takeDeferred(message: StoredMessage, isLocking: boolean, hold: SessionHold | undefined): Delivery {
    if (isLocking) return this.#keeper.lock(message, hold);
    this.#keeper.remove(message, "taken");
    return { message, lockToken: undefined, lockedUntilMs: undefined };
  }

  #removeAll(messages: readonly StoredMessage[]): number {
    for (const message of messages) this.#keeper.remove(message);
    return messages.length;
  }
}
