import type { EngineError } from "./engine-error.ts";
import type { QueueSettings, SubscriptionSettings, TopicSettings } from "./entity-settings.ts";
import type { ApplicationProperties, MessageContent } from "./message-content.ts";
import type { RuleDescription, RuleInfo } from "./rule-description.ts";

/*
 * Everything through which the AMQP and the Atom edge drive the engine.
 *
 * All times are engine time in milliseconds since the epoch; the edges translate. All names and
 * paths compare without case and keep the case of their creation. Everything is synchronous: what a
 * call makes ready is delivered before it returns. Methods throw `EngineError`; "not found" below is
 * short for `amqp:not-found`, "disabled" for `com.microsoft:entity-disabled`, "lock lost" for
 * `com.microsoft:message-lock-lost`, "session lost" for `com.microsoft:session-lock-lost`.
 */

export type ReceiveMode = "peekLock" | "receiveAndDelete";

/** `x-opt-message-state`: 0 active, 1 deferred, 2 scheduled. A locked message is active. */
export type WireState = "active" | "deferred" | "scheduled";

/** A message as the edges may see it. Read it at once: it changes as the message lives on. */
export interface MessageView {
  readonly content: MessageContent;
  readonly sequenceNumber: number;
  /** The number it had where it was first enqueued: topic, forwarding source, schedule. */
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAtMs: number;
  /** `FOREVER_MS` for a message that never expires. */
  readonly expiresAtMs: number;
  /** The effective one: the smaller of the message's and the entity's. `FOREVER_MS` when neither limits. */
  readonly timeToLiveMs: number;
  /** Deliveries that ended without a settlement or in an abandon; 0 on the first delivery. */
  readonly deliveryCount: number;
  readonly wireState: WireState;
  /** Path of the entity whose dead letter this is, in a dead-letter queue's forward target. */
  readonly deadLetterSource: string | undefined;
}

export interface Delivery {
  readonly message: MessageView;
  /** Canonical UUID. `undefined` with `receiveAndDelete`. */
  readonly lockToken: string | undefined;
  /** For a session's message the session's own lock. `undefined` with `receiveAndDelete`. */
  readonly lockedUntilMs: number | undefined;
}

/** Told once when the entity under a link goes away or is closed for it: detach with this error. */
export interface LinkWatcher {
  end(error: EngineError): void;
}

/** A receiving link. The engine pushes while there is room; consumers take turns. */
export interface Consumer extends LinkWatcher {
  readonly mode: ReceiveMode;
  /** Whether one more delivery may be pushed now: effective credit and window. Asked before each. */
  hasRoom(): boolean;
  /** Must not throw. May call the engine. */
  deliver(delivery: Delivery): void;
}

export interface LinkHandle {
  /** Idempotent. Locks of a plain consumer stay until they expire. */
  close(): void;
}

export interface ConsumerHandle extends LinkHandle {
  /** Credit came or a window opened. What is ready is delivered before this returns. */
  roomMade(): void;
}

/** A session that is locked by one receiver. */
export interface SessionHandle {
  readonly sessionId: string;
  readonly lockedUntilMs: number;
  /** At most one consumer; `end` is called with session lost when the lock goes. Throws session lost. */
  attach(consumer: Consumer): ConsumerHandle;
  /** Gives the lock back, unsettled messages too (delivery count unchanged). Idempotent. */
  release(): void;
}

/** Someone who waits for any session. Exactly one of the two is called, unless it is cancelled. */
export interface SessionWaiter {
  granted(session: SessionHandle): void;
  /** `com.microsoft:timeout`, or why the entity went away. */
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
  /** Application properties to set beside the two. */
  readonly properties?: ApplicationProperties | undefined;
}

export interface DeferredRequest {
  readonly sequenceNumbers: readonly number[];
  readonly mode: ReceiveMode;
  readonly sessionId?: string | undefined;
}

/** Everything one can do where messages lie: a queue, a subscription, or a sub-queue of either. */
export interface Mailbox {
  /** With the case of its creation: `orders`, `t/Subscriptions/s`, `orders/$DeadLetterQueue`. */
  readonly path: string;
  readonly requiresSession: boolean;
  readonly lockDurationMs: number;
  /** Throws `amqp:not-allowed` (needs sessions; or forwards), disabled, not found. */
  attach(consumer: Consumer): ConsumerHandle;
  /** Throws `com.microsoft:session-cannot-be-locked`, `amqp:not-allowed` (no sessions here), disabled, not found. */
  acceptSession(sessionId: string): SessionHandle;
  /** Grants at once where it can. Throws `amqp:not-allowed`, disabled, not found. `timeoutMs` is in engine time. */
  acceptNextSession(waiter: SessionWaiter, timeoutMs: number): { cancel(): void };
  /** Throws lock lost; session lost for a message of a session. So do all settlements. */
  complete(lockToken: string): void;
  /** `properties` are merged into the application properties. */
  abandon(lockToken: string, properties?: ApplicationProperties): void;
  /** As `abandon`, and counts no delivery. */
  release(lockToken: string): void;
  defer(lockToken: string, properties?: ApplicationProperties): void;
  /** Also throws `amqp:not-allowed` in a dead-letter queue. */
  deadLetter(lockToken: string, request: DeadLetterRequest): void;
  /** New end of the lock. Throws lock lost. */
  renewLock(lockToken: string): number;
  /** New end of the lock. Throws session lost. */
  renewSessionLock(sessionId: string): number;
  /** Throws session lost where nobody holds the session. `null` without state. */
  sessionState(sessionId: string): Uint8Array | null;
  setSessionState(sessionId: string, state: Uint8Array | null): void;
  /** Ids of sessions with messages or state, by id. */
  sessionIds(skip: number, top: number): readonly string[];
  /** All or none. Throws `com.microsoft:message-not-found`; session lost. */
  receiveDeferred(request: DeferredRequest): readonly Delivery[];
  /** Active, locked, deferred and scheduled messages, by sequence number. */
  peek(request: PeekRequest): readonly MessageView[];
  /** Deletes at most `max` unlocked active messages enqueued before; answers how many. */
  deleteMessages(max: number, enqueuedBeforeMs: number): number;
  /** Deletes all messages but locked ones; answers how many. */
  purge(): number;
  /** Fault: the lock runs out now. False when it is not held. */
  expireLock(lockToken: string): boolean;
  /** Fault: the session's lock runs out now. False when it is not held. */
  loseSession(sessionId: string): boolean;
  /**
   * Fault: a message that is locked is delivered once more under a second lock. Both locks are
   * valid; the first settlement wins and the other's meets lock lost. False when it is not held.
   */
  deliverAgain(lockToken: string): boolean;
}

/** Where messages can be sent: a queue or a topic. */
export interface SendTarget {
  readonly path: string;
  readonly maxMessageBytes: number;
  /** Throws disabled, not found. */
  attachSender(watcher: LinkWatcher): LinkHandle;
  /**
   * All or none. A content with `scheduledAtMs` in the future is scheduled.
   * Throws `amqp:link:message-size-exceeded`, `amqp:resource-limit-exceeded` (full), disabled, not
   * found, `amqp:not-allowed` (session id missing), `com.microsoft:argument-out-of-range` (id too long).
   */
  send(contents: readonly MessageContent[]): void;
  /** As `send`, and answers the sequence numbers. */
  schedule(contents: readonly MessageContent[]): readonly number[];
  /** All or none. Throws `com.microsoft:message-not-found`. */
  cancelScheduled(sequenceNumbers: readonly number[]): void;
}

/** How many messages an entity holds, as the service counts them. */
export interface MessageCounts {
  /** Ready, locked and deferred. */
  readonly active: number;
  /** In its dead-letter queue. */
  readonly deadLetter: number;
  /** Not due yet. */
  readonly scheduled: number;
  /** Always 0: forwarding happens at once. */
  readonly transfer: number;
  /** Those that could not be forwarded. */
  readonly transferDeadLetter: number;
}

interface EntityInfo {
  /** As created. */
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
  /** By name. */
  subscriptions(): readonly SubscriptionEntity[];
}

export interface SubscriptionEntity extends EntityInfo {
  readonly topicName: string;
  readonly settings: SubscriptionSettings;
  readonly mailbox: Mailbox;
  /** By name. */
  rules(): readonly RuleInfo[];
  /** Throws `com.microsoft:entity-already-exists`; `com.microsoft:argument-error` (SQL, with position). */
  addRule(rule: RuleDescription): RuleInfo;
  /** Throws not found, `com.microsoft:argument-error`. */
  updateRule(rule: RuleDescription): RuleInfo;
  /** Throws not found. */
  removeRule(name: string): void;
}

/**
 * One namespace. Creations throw `com.microsoft:entity-already-exists` (a queue and a topic cannot
 * share a name), `com.microsoft:argument-error`, `com.microsoft:argument-out-of-range`; updates and
 * deletions throw not found and, for settings that are fixed at creation, `amqp:not-allowed`.
 */
export interface Namespace {
  readonly name: string;
  readonly createdAtMs: number;
  createQueue(name: string, settings?: Partial<QueueSettings>): QueueEntity;
  createTopic(name: string, settings?: Partial<TopicSettings>): TopicEntity;
  /** Without `rule` the subscription gets `$Default`, which is true. */
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
  /** A queue or a topic with all its subscriptions. */
  deleteEntity(name: string): void;
  deleteSubscription(topicName: string, name: string): void;
  /** By name, as are the lists of the other kinds. */
  queues(): readonly QueueEntity[];
  topics(): readonly TopicEntity[];
  queue(name: string): QueueEntity | undefined;
  topic(name: string): TopicEntity | undefined;
  subscription(topicName: string, name: string): SubscriptionEntity | undefined;
  /** Address of a sender or of its `$management` (without that tail). Throws not found. */
  findTarget(path: string): SendTarget;
  /** Address of a receiver or of its `$management`: sub-queues included. Throws not found; `amqp:not-allowed` on a topic. */
  findMailbox(path: string): Mailbox;
  /** The subscription whose rules an address stands for. Throws not found. */
  findSubscription(path: string): SubscriptionEntity;
  /** Deletes every entity; links are told. */
  reset(): void;
}
