import { Deque } from "../../../collections/deque.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { KeyLane } from "./key-lane.ts";
import type { PublishedMessage } from "./published-message.ts";

/** A message on its way to a consumer. */
export interface Delivery {
  readonly ackId: string;
  readonly message: PublishedMessage;
  /** From 1; 0 where no dead-letter policy makes the service count. */
  readonly deliveryAttempt: number;
}

export interface ConsumerOptions {
  /** Most messages that it holds at once; 0 or less for no limit. */
  readonly maxMessages: number;
  /** Most bytes; a message that goes over is still delivered. 0 or less for no limit. */
  readonly maxBytes: number;
  /** How long a delivery is leased. */
  readonly ackDeadlineMs: number;
  /** True: the next message of an ordering key only when the one before is settled. */
  readonly isOneAtATime?: boolean;
  /** Name that a client has given its stream. */
  readonly clientId?: string;
  deliver(batch: readonly Delivery[]): void;
}

/** One entry of a line of ready lanes. Void when the lane has been put elsewhere since. */
export interface LaneTicket {
  readonly lane: KeyLane;
  readonly ticket: number;
}

/** Someone who takes messages: a stream, a pull that waits, or a push endpoint. */
export class Consumer {
  readonly #options: ConsumerOptions;
  /** Lanes of which this consumer holds messages and that have more. */
  readonly lanes: Deque<LaneTicket> = new Deque<LaneTicket>();
  ackDeadlineMs: number;
  /** Set while its connection takes no more. */
  isBlocked = false;
  isClosed = false;
  /** Alternates between its own lanes and everybody's messages, so that neither starves. */
  isOwnTurn = false;
  #messages = 0;
  #bytes = 0;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.ackDeadlineMs = options.ackDeadlineMs;
  }

  get outstanding(): number {
    return this.#messages;
  }

  get clientId(): string {
    return this.#options.clientId ?? "";
  }

  get isOneAtATime(): boolean {
    return this.#options.isOneAtATime ?? false;
  }

  hasRoom(): boolean {
    if (this.isBlocked || this.isClosed) return false;
    const { maxMessages, maxBytes } = this.#options;
    return (maxMessages <= 0 || this.#messages < maxMessages) && (maxBytes <= 0 || this.#bytes < maxBytes);
  }

  hold(entry: BacklogEntry): void {
    this.#messages += 1;
    this.#bytes += entry.message.size;
  }

  release(entry: BacklogEntry): void {
    this.#messages -= 1;
    this.#bytes -= entry.message.size;
  }

  deliver(batch: readonly Delivery[]): void {
    this.#options.deliver(batch);
  }
}
