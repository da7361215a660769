import type { EngineClock } from "../../../time/engine-clock.ts";
import { FOREVER_MS } from "./entity-settings.ts";
import type { ApplicationProperties, MessageContent } from "./message-content.ts";
import type { StoredMessage } from "./stored-message.ts";

/** The settings that a mailbox obeys; read anew each time, because updates apply at once. */
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

/** What a mailbox needs from the entity around it. */
export interface MailboxSurroundings {
  readonly clock: EngineClock;
  /** The sub-queues of dead letters: nothing expires there and no delivery counts. */
  readonly isSubQueue: boolean;
  policy(): MailboxPolicy;
  /** Throws when no receiver may open here now. */
  checkReceive(): void;
  /** Somebody used the mailbox. */
  touch(): void;
  /** The message has left its mailbox and joins the dead letters. */
  bury(message: StoredMessage, reason: BurialReason): void;
  /** The message has left its mailbox because its time to live ran out. */
  expired(message: StoredMessage): void;
  /** A scheduled message is due; it has left its mailbox. */
  activated(message: StoredMessage): void;
  /** Whether the entity passes on what comes in, and nobody can receive here. */
  isForwarding(): boolean;
  /** A message whose lock ended has left its mailbox, because the entity forwards by now. */
  passOn(message: StoredMessage): void;
}

/** A message on its way into a mailbox. */
export interface Arrival {
  readonly content: MessageContent;
  /** Where it comes from another entity, the number it had at first. */
  readonly enqueuedSequenceNumber: number | undefined;
  /** Dead letters keep theirs; `undefined` means now. */
  readonly enqueuedAtMs: number | undefined;
  readonly deliveryCount: number;
  readonly deadLetterSource: string | undefined;
  /** The topic's limit of the time to live, beside the mailbox's own. */
  readonly timeToLiveCapMs: number;
  /** How many auto-forwards it has made. */
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
