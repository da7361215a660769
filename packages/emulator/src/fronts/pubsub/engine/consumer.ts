import { Deque } from "../../../collections/deque.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { KeyLane } from "./key-lane.ts";
import type { PublishedMessage } from "./published-message.ts";

/** A message on its way to a consumer. */
export interface Delivery {
  readonly ackId: string;
  readonly message: PublishedMessage;
  /** From 1; 0 without a dead-letter policy, because then the service does not count. */
  readonly deliveryAttempt: number;
}

export interface ConsumerOptions {
  /** Maximum number of messages held at once; 0 or less for no limit. */
  readonly maxMessages: number;
  /** Maximum number of bytes held. A message that exceeds it is still delivered. 0 or less for no limit. */
  readonly maxBytes: number;
  /** Lease duration of a delivery. */
  readonly ackDeadlineMs: number;
  /** True: the next message of an ordering key is delivered only after the previous one was settled. */
  readonly isOneAtATime?: boolean;
  /** Name that a client gave its stream. */
  readonly clientId?: string;
  deliver(batch: readonly Delivery[]): void;
}

/** One entry in a line of ready lanes. It is void once the lane was queued elsewhere. */
export interface LaneTicket {
  readonly lane: KeyLane;
  readonly ticket: number;
}

/** A receiver of messages: a stream, a waiting pull, or a push endpoint. */
export class Consumer {
  readonly #options: ConsumerOptions;
  /** Lanes that have more messages and of which this consumer already holds some. */
  readonly lanes: Deque<LaneTicket> = new Deque<LaneTicket>();
  ackDeadlineMs: number;
  /** Set while its connection accepts no more data. */
  isBlocked = false;
  isClosed = false;
  /** Alternates between its own lanes and the shared messages, so that neither starves. */
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
