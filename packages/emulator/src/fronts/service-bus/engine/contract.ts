import type { EngineError } from "./engine-error.ts";
import type { QueueSettings, SubscriptionSettings, TopicSettings } from "./entity-settings.ts";
import type { ApplicationProperties, MessageContent } from "./message-content.ts";
import type { RuleDescription, RuleInfo } from "./rule-description.ts";

/*
 * The interface between the engine and its two edges, AMQP and Atom.
 *
 * All times are engine time in milliseconds since the epoch; the edges translate. All names and paths
 * are compared case-insensitively and keep the case of their creation. Everything is synchronous: what
 * a call makes ready is delivered before it returns. Methods throw `EngineError`; "not found" below is
 * short for `amqp:not-found`, "disabled" for `com.microsoft:entity-disabled`, "lock lost" for
 * `com.microsoft:message-lock-lost`, "session lost" for `com.microsoft:session-lock-lost`.
 */

export type ReceiveMode = "peekLock" | "receiveAndDelete";

/** `x-opt-message-state`: 0 active, 1 deferred, 2 scheduled. A locked message is active. */
export type WireState = "active" | "deferred" | "scheduled";

/** A message as the edges may see it. Read it at once, because it changes later. */
export interface MessageView {
  readonly content: MessageContent;
  readonly sequenceNumber: number;
  /** Number from the place where it was first enqueued: topic, forwarding source, schedule. */
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAtMs: number;
  /** `FOREVER_MS` for a message that never expires. */
  readonly expiresAtMs: number;
  /** The smaller of the message's and the entity's time to live. `FOREVER_MS` if neither limits it. */
  readonly timeToLiveMs: number;
  /** Number of deliveries that ended in an abandon or without a settlement; 0 on the first delivery. */
  readonly deliveryCount: number;
  readonly wireState: WireState;
  /** Path of the entity that a forwarded dead letter comes from. */
  readonly deadLetterSource: string | undefined;
}

export interface Delivery {
  readonly message: MessageView;
  /** Canonical UUID. `undefined` with `receiveAndDelete`. */
  readonly lockToken: string | undefined;
  /** For a message of a session, the end of the session's lock. `undefined` with `receiveAndDelete`. */
  readonly lockedUntilMs: number | undefined;
}

/** Called once when the entity of a link is deleted or closed for it: detach with this error. */
export interface LinkWatcher {
  end(error: EngineError): void;
}

/** A receiving link. The engine pushes messages while there is room. Consumers take turns. */
export interface Consumer extends LinkWatcher {
  readonly mode: ReceiveMode;
  /** Returns true if credit and window allow one more delivery. Called before each delivery. */
  hasRoom(): boolean;
  /** Must not throw. May call the engine. */
  deliver(delivery: Delivery): void;
}

export interface LinkHandle {
  /** Idempotent. A plain consumer's locks stay until they expire. */
  close(): void;
}

export interface ConsumerHandle extends LinkHandle {
  /** Credit arrived or a window opened. Delivers what is ready before it returns. */
  roomMade(): void;
}

/** A session locked by one receiver. */
export interface SessionHandle {
  readonly sessionId: string;
  readonly lockedUntilMs: number;
  /** At most one consumer. Its `end` is called with session lost when the lock ends. Throws session lost. */
  attach(consumer: Consumer): ConsumerHandle;
  /** Gives back the lock and the unsettled messages (delivery count unchanged). Idempotent. */
  release(): void;
}

/** A receiver that waits for any session. Exactly one method is called, unless it is cancelled. */
export interface SessionWaiter {
  granted(session: SessionHandle): void;
  /** `error` is `com.microsoft:timeout`, or the reason why the entity is gone. */
  failed(error: EngineError): void;
}

export interface PeekRequest {
  readonly fromSequenceNumber: number;
  readonly max: number;
  readonly sessionId?: string | undefined;
}

export interface DeadLetterRequest {
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  /** Application properties to set besides these two. */
  readonly properties?: ApplicationProperties | undefined;
}

export interface DeferredRequest {
  readonly sequenceNumbers: readonly number[];
  readonly mode: ReceiveMode;
  readonly sessionId?: string | undefined;
}

/** A place that holds messages: a queue, a subscription, or a sub-queue of either. */
export interface Mailbox {
  /** In the case of its creation: `orders`, `t/Subscriptions/s`, `orders/$DeadLetterQueue`. */
  readonly path: string;
  readonly requiresSession: boolean;
  readonly lockDurationMs: number;
  /** Throws `amqp:not-allowed` (needs sessions, or forwards), disabled, not found. */
  attach(consumer: Consumer): ConsumerHandle;
  /**
   * Throws `com.microsoft:session-cannot-be-locked`, `amqp:not-allowed` (no sessions here), disabled, not
   * found.
   */
  acceptSession(sessionId: string): SessionHandle;
  /**
   * Grants a session at once if one is available. `timeoutMs` is engine time. Throws `amqp:not-allowed`,
   * disabled, not found.
   */
  acceptNextSession(waiter: SessionWaiter, timeoutMs: number): { cancel(): void };
  /** Throws lock lost, or session lost for a message of a session. So do all settlements. */
  complete(lockToken: string): void;
  /** Merges `properties` into the application properties. */
  abandon(lockToken: string, properties?: ApplicationProperties): void;
  /** Like `abandon`, but counts no delivery. */
  release(lockToken: string): void;
  defer(lockToken: string, properties?: ApplicationProperties): void;
  /** Also throws `amqp:not-allowed` in a dead-letter queue. */
  deadLetter(lockToken: string, request: DeadLetterRequest): void;
  /** Returns the new end of the lock. Throws lock lost. */
  renewLock(lockToken: string): number;
  /** Returns the new end of the lock. Throws session lost. */
  renewSessionLock(sessionId: string): number;
  /** Returns `null` without state. Throws session lost if nobody holds the session. */
  sessionState(sessionId: string): Uint8Array | null;
  setSessionState(sessionId: string, state: Uint8Array | null): void;
  /** Ids of the sessions with messages or state, in order of id. */
  sessionIds(skip: number, top: number): readonly string[];
  /** All or none. Throws `com.microsoft:message-not-found`, session lost. */
  receiveDeferred(request: DeferredRequest): readonly Delivery[];
  /** Active, locked, deferred and scheduled messages, in order of sequence number. */
  peek(request: PeekRequest): readonly MessageView[];
  /** Deletes at most `max` unlocked active messages enqueued before that time. Returns the number deleted. */
  deleteMessages(max: number, enqueuedBeforeMs: number): number;
  /** Deletes all messages except locked ones. Returns the number deleted. */
  purge(): number;
  /** Fault: ends the lock now. Returns false if it is not held. */
  expireLock(lockToken: string): boolean;
  /** Fault: ends the session's lock now. Returns false if it is not held. */
  loseSession(sessionId: string): boolean;
  /**
   * Fault: delivers a locked message once more under a second lock. Both locks are valid. The first
   * settlement wins, and the other one throws lock lost. Returns false if the lock is not held.
   */
  deliverAgain(lockToken: string): boolean;
}

/** A place to which messages can be sent: a queue or a topic. */
export interface SendTarget {
  readonly path: string;
  readonly maxMessageBytes: number;
  /** Throws disabled, not found. */
  attachSender(watcher: LinkWatcher): LinkHandle;
  /**
   * All or none. Schedules a content whose `scheduledAtMs` is in the future. Throws
   * `amqp:link:message-size-exceeded`, `amqp:resource-limit-exceeded` (full), disabled, not found,
   * `amqp:not-allowed` (session id missing), `com.microsoft:argument-out-of-range` (id too long).
   */
  send(contents: readonly MessageContent[]): void;
  /** Like `send`, and returns the sequence numbers. */
  schedule(contents: readonly MessageContent[]): readonly number[];
  /** All or none. Throws `com.microsoft:message-not-found`. */
  cancelScheduled(sequenceNumbers: readonly number[]): void;
}

/** How many messages an entity holds, as the service counts them. */
export interface MessageCounts {
  /** Number of ready, locked and deferred messages. */
  readonly active: number;
  /** In its dead-letter queue. */
  readonly deadLetter: number;
  /** Not due yet. */
  readonly scheduled: number;
  /** Always 0, because forwarding happens at once. */
  readonly transfer: number;
  /** Those that could not be forwarded. */
  readonly transferDeadLetter: number;
}

interface EntityInfo {
  /** Name in the case of its creation. */
  readonly name: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly accessedAtMs: number;
  readonly counts: MessageCounts;
  readonly sizeBytes: number;
}

export interface QueueEntity extends EntityInfo {
  readonly settings: QueueSettings;
  readonly mailbox: Mailbox;
  readonly target: SendTarget;
}

export interface TopicEntity extends EntityInfo {
  readonly settings: TopicSettings;
  readonly target: SendTarget;
  /** In order of name. */
  subscriptions(): readonly SubscriptionEntity[];
}

export interface SubscriptionEntity extends EntityInfo {
  readonly topicName: string;
  readonly settings: SubscriptionSettings;
  readonly mailbox: Mailbox;
  /** In order of name. */
  rules(): readonly RuleInfo[];
  /** Throws `com.microsoft:entity-already-exists`, or `com.microsoft:argument-error` (SQL, with position). */
  addRule(rule: RuleDescription): RuleInfo;
  /** Throws not found, `com.microsoft:argument-error`. */
  updateRule(rule: RuleDescription): RuleInfo;
  /** Throws not found. */
  removeRule(name: string): void;
}

/**
 * One namespace. Creations throw `com.microsoft:entity-already-exists` (a queue and a topic cannot share a
 * name), `com.microsoft:argument-error` and `com.microsoft:argument-out-of-range`. Updates and deletions
 * throw not found and, for settings that are fixed at creation, `amqp:not-allowed`.
 */
export interface Namespace {
  readonly name: string;
  readonly createdAtMs: number;
  createQueue(name: string, settings?: Partial<QueueSettings>): QueueEntity;
  createTopic(name: string, settings?: Partial<TopicSettings>): TopicEntity;
  /** Without `rule` the subscription gets the rule `$Default`, which is true for every message. */
  createSubscription(
    topicName: string,
    name: string,
    settings?: Partial<SubscriptionSettings>,
    rule?: RuleDescription,
  ): SubscriptionEntity;
  updateQueue(name: string, settings: Partial<QueueSettings>): QueueEntity;
  updateTopic(name: string, settings: Partial<TopicSettings>): TopicEntity;
  updateSubscription(
    topicName: string,
    name: string,
    settings: Partial<SubscriptionSettings>,
  ): SubscriptionEntity;
  /** Deletes a queue, or a topic with all its subscriptions. */
  deleteEntity(name: string): void;
  deleteSubscription(topicName: string, name: string): void;
  /** In order of name, like the lists of the other kinds. */
  queues(): readonly QueueEntity[];
  topics(): readonly TopicEntity[];
  queue(name: string): QueueEntity | undefined;
  topic(name: string): TopicEntity | undefined;
  subscription(topicName: string, name: string): SubscriptionEntity | undefined;
  /** Finds the target of a sender, or of its `$management` (without that tail). Throws not found. */
  findTarget(path: string): SendTarget;
  /**
   * Finds the mailbox of a receiver, or of its `$management`, including sub-queues. Throws not found, or
   * `amqp:not-allowed` on a topic.
   */
  findMailbox(path: string): Mailbox;
  /** Finds the subscription to whose rules an address refers. Throws not found. */
  findSubscription(path: string): SubscriptionEntity;
  /** Deletes every entity and ends its links. */
  reset(): void;
}
