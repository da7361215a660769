import type { EngineClock } from "../../../time/engine-clock.ts";
import { FOREVER_MS } from "./entity-settings.ts";
import type { ApplicationProperties, MessageContent } from "./message-content.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Settings that a mailbox obeys. They are read each time, because updates apply at once. */
export interface MailboxPolicy {
  readonly lockDurationMs: number;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
  readonly defaultMessageTimeToLiveMs: number;
}

/** Why a message becomes a dead letter. */
export interface BurialReason {
  readonly reason: string | undefined;
  readonly description: string | undefined;
  readonly properties?: ApplicationProperties | undefined;
}

/** What a mailbox needs from its entity. */
export interface MailboxSurroundings {
  readonly clock: EngineClock;
  /** True for the sub-queues of dead letters, where no message expires and no delivery counts. */
  readonly isSubQueue: boolean;
  policy(): MailboxPolicy;
  /** Throws if no receiver may open here now. */
  checkReceive(): void;
  /** The mailbox was used. */
  touch(): void;
  /** The message has left its mailbox to become a dead letter. */
  bury(message: StoredMessage, reason: BurialReason): void;
  /** The message has left its mailbox because its time to live ran out. */
  expired(message: StoredMessage): void;
  /** A scheduled message is due and has left its mailbox. */
  activated(message: StoredMessage): void;
  /** Returns true if the entity forwards incoming messages, so that nobody can receive here. */
  isForwarding(): boolean;
  /** A message whose lock ended has left its mailbox, because the entity now forwards. */
  passOn(message: StoredMessage): void;
}

/** A message on its way into a mailbox. */
export interface Arrival {
  readonly content: MessageContent;
  /** For a message from another entity: its first number. */
  readonly enqueuedSequenceNumber: number | undefined;
  /** Dead letters keep their time. `undefined` means now. */
  readonly enqueuedAtMs: number | undefined;
  readonly deliveryCount: number;
  readonly deadLetterSource: string | undefined;
  /** The topic's limit on the time to live, in addition to the mailbox's own. */
  readonly timeToLiveCapMs: number;
  /** Number of auto-forwards so far. */
  readonly hops: number;
}

export function freshArrival(content: MessageContent): Arrival {
  return {
    content,
    enqueuedSequenceNumber: undefined,
    enqueuedAtMs: undefined,
    deliveryCount: 0,
    deadLetterSource: undefined,
    timeToLiveCapMs: FOREVER_MS,
    hops: 0,
  };
}
