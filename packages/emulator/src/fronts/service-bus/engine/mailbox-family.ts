import type { EngineClock } from "../../../time/engine-clock.ts";
import type { MessageCounts } from "./contract.ts";
import { EngineError } from "./engine-error.ts";
import { FOREVER_MS, type MailboxSettings } from "./entity-settings.ts";
import { MessageMailbox } from "./mailbox.ts";
import {
  freshArrival,
  type Arrival,
  type BurialReason,
  type MailboxPolicy,
  type MailboxSurroundings,
} from "./mailbox-surroundings.ts";
import { mergeProperties } from "./merge-properties.ts";
import type { MessageContent, PropertyValue } from "./message-content.ts";
import { entityDisabled, forwardsMessages } from "./refusals.ts";
import type { StoredMessage } from "./stored-message.ts";

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-auto-forwarding (2026-11-29)
const MAX_HOPS = 4;

/** The service truncates longer texts, at about 4 KB as others observed. */
const MAX_REASON_CHARACTERS = 4096;

/** What a family needs from its entity and its namespace. */
export interface FamilySurroundings {
  readonly clock: EngineClock;
  settings(): MailboxSettings;
  touch(): void;
  /** Throws not found once the entity is deleted. */
  checkExists(): void;
  /** Hands a message to another entity. Throws the error that a sender would get. */
  forward(toPath: string, arrival: Arrival): void;
}

/** The mailbox of a queue or subscription with its two sub-queues, and how messages move between them. */
export class MailboxFamily {
  readonly path: string;
  readonly main: MessageMailbox;
  readonly deadLetters: MessageMailbox;
  readonly transferDeadLetters: MessageMailbox;
  readonly #around: FamilySurroundings;

  constructor(path: string, around: FamilySurroundings) {
    this.path = path;
    this.#around = around;
    this.main = new MessageMailbox(path, this.#surroundings(false));
    this.deadLetters = new MessageMailbox(`${path}/$DeadLetterQueue`, this.#surroundings(true));
    this.transferDeadLetters = new MessageMailbox(
      `${path}/$Transfer/$DeadLetterQueue`,
      this.#surroundings(true),
    );
  }

  get mailboxes(): readonly MessageMailbox[] {
    return [this.main, this.deadLetters, this.transferDeadLetters];
  }

  get counts(): MessageCounts {
    const { ready, locked, deferred, scheduled } = this.main.keeper.shelf.counts;
    return {
      active: ready + locked + deferred,
      deadLetter: this.deadLetters.keeper.shelf.size,
      scheduled,
      transfer: 0,
      transferDeadLetter: this.transferDeadLetters.keeper.shelf.size,
    };
  }

  get sizeBytes(): number {
    // Runs on every send, so it avoids creating a list.
    const { main, deadLetters, transferDeadLetters } = this;
    return main.keeper.shelf.bytes + deadLetters.keeper.shelf.bytes + transferDeadLetters.keeper.shelf.bytes;
  }

  get hasReceivers(): boolean {
    return this.mailboxes.some(({ keeper }) => keeper.distribution.consumerCount > 0);
  }

  /**
   * Takes or forwards a message. Returns its number here, or 0 if it was forwarded. Call `main.keeper.pump()`
   * after the last message of a batch.
   */
  arrive(arrival: Arrival): number {
    const { forwardTo } = this.#around.settings();
    if (forwardTo === undefined) return this.main.keeper.enqueue(arrival).sequenceNumber;
    this.#forward(forwardTo, arrival);
    return 0;
  }

  /** Adds a message that is in no mailbox to the dead letters. */
  bury(message: StoredMessage, burial: BurialReason): void {
    const { forwardDeadLetteredMessagesTo } = this.#around.settings();
    const arrival: Arrival = {
      ...arrivalOf(message),
      content: withReason(message.content, burial),
      enqueuedAtMs: message.enqueuedAtMs,
      deliveryCount: message.deliveryCount,
      timeToLiveCapMs: message.timeToLiveMs,
    };
    if (forwardDeadLetteredMessagesTo === undefined) this.deadLetters.arrive(arrival);
    else this.#forward(forwardDeadLetteredMessagesTo, { ...arrival, deadLetterSource: this.path });
  }

  /** Adds a message that was never in the mailbox to the dead letters. */
  buryArrival(arrival: Arrival, burial: BurialReason): void {
    this.deadLetters.arrive({ ...arrival, content: withReason(arrival.content, burial) });
  }

  /** Applies changed settings: ends links that they forbid, and forwards messages if they ask for it. */
  settingsChanged(): void {
    const { forwardTo, status } = this.#around.settings();
    if (status === "Disabled" || status === "ReceiveDisabled") {
      for (const { keeper } of this.mailboxes) keeper.distribution.end(entityDisabled(this.path));
    }
    if (forwardTo === undefined) return;
    const { keeper } = this.main;
    keeper.distribution.end(forwardsMessages(this.path));
    for (const message of keeper.takeReady()) this.#forward(forwardTo, arrivalOf(message));
  }

  discard(error: EngineError): void {
    for (const { keeper } of this.mailboxes) keeper.discard(error);
  }

  #surroundings(isSubQueue: boolean): MailboxSurroundings {
    return {
      clock: this.#around.clock,
      isSubQueue,
      policy: () => (isSubQueue ? this.#subQueuePolicy() : this.#around.settings()),
      checkReceive: () => {
        this.#checkReceive(isSubQueue);
      },
      touch: () => {
        this.#around.touch();
      },
      bury: (message, burial) => {
        this.bury(message, burial);
      },
      expired: (message) => {
        if (this.#around.settings().deadLetteringOnMessageExpiration) this.bury(message, EXPIRED);
      },
      activated: (message) => {
        this.arrive(activatedArrival(message));
        this.main.keeper.pump();
      },
      isForwarding: () => !isSubQueue && this.#around.settings().forwardTo !== undefined,
      passOn: (message) => {
        this.arrive(arrivalOf(message));
      },
    };
  }

  #subQueuePolicy(): MailboxPolicy {
    return {
      lockDurationMs: this.#around.settings().lockDurationMs,
      maxDeliveryCount: Number.POSITIVE_INFINITY,
      requiresSession: false,
      defaultMessageTimeToLiveMs: FOREVER_MS,
    };
  }

  #checkReceive(isSubQueue: boolean): void {
    this.#around.checkExists();
    const { status, forwardTo } = this.#around.settings();
    if (status === "Disabled" || status === "ReceiveDisabled") throw entityDisabled(this.path);
    if (forwardTo !== undefined && !isSubQueue) throw forwardsMessages(this.path);
  }

  #forward(toPath: string, arrival: Arrival): void {
    if (arrival.hops >= MAX_HOPS) {
      this.buryArrival(arrival, HOPS_EXCEEDED);
      return;
    }
    try {
      this.#around.forward(toPath, {
        ...arrival,
        enqueuedAtMs: undefined,
        deliveryCount: 0,
        timeToLiveCapMs: FOREVER_MS,
        hops: arrival.hops + 1,
      });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const burial = { reason: error.condition, description: error.message };
      this.transferDeadLetters.arrive({ ...arrival, content: withReason(arrival.content, burial) });
    }
  }
}

const EXPIRED: BurialReason = {
  reason: "TTLExpiredException",
  description: "The message expired and was dead lettered.",
};

const HOPS_EXCEEDED: BurialReason = {
  reason: "MaxTransferHopCountExceeded",
  description: "The message was forwarded more than four times and was dead lettered.",
};

function withReason(content: MessageContent, burial: BurialReason): MessageContent {
  const reasons = new Map<string, PropertyValue>();
  if (burial.reason !== undefined) reasons.set("DeadLetterReason", text(burial.reason));
  if (burial.description !== undefined) reasons.set("DeadLetterErrorDescription", text(burial.description));
  return mergeProperties(content, new Map([...(burial.properties ?? []), ...reasons]));
}

function text(value: string): PropertyValue {
  return { type: "string", value: value.slice(0, MAX_REASON_CHARACTERS) };
}

function arrivalOf(message: StoredMessage): Arrival {
  const { content, enqueuedSequenceNumber, deadLetterSource } = message;
  return { ...freshArrival(content), enqueuedSequenceNumber, deadLetterSource };
}

/** The message gets a new number and a new time. Its first number shows where it was scheduled. */
function activatedArrival(message: StoredMessage): Arrival {
  return { ...arrivalOf(message), enqueuedSequenceNumber: message.sequenceNumber };
}
