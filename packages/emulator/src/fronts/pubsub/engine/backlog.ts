import type { EngineClock } from "../../../time/engine-clock.ts";
import { Deque } from "../../../collections/deque.ts";
import { newEntry, type BacklogEntry } from "./backlog-entry.ts";
import type { Consumer, LaneTicket } from "./consumer.ts";
import { KeyLane } from "./key-lane.ts";
import type { PublishedMessage } from "./published-message.ts";

/** What the backlog needs from its subscription. */
export interface BacklogRules {
  readonly isOrdered: boolean;
  /** Returns true if an acknowledged message is never delivered again. */
  readonly isExactlyOnce: () => boolean;
  /** Called when a lease has run out. */
  readonly onExpired: (entry: BacklogEntry) => void;
  /** Called when a message becomes deliverable, or a consumer has room again. */
  readonly onChange: () => void;
}

/**
 * The messages that one subscription has not finished with. No other code changes their state. The cost of
 * every step is independent of the number of messages.
 */
export class Backlog {
  readonly #clock: EngineClock;
  readonly #rules: BacklogRules;
  /** Ready, waiting and leased messages by number, in order of publication. */
  readonly #entries = new Map<number, BacklogEntry>();
  readonly #lanes = new Map<string, KeyLane>();
  /** Entries that any consumer may take. Those that have changed since they were added are skipped. */
  readonly #ready = new Deque<BacklogEntry | LaneTicket>();
  #leases = 0;
  #leased = 0;

  constructor(clock: EngineClock, rules: BacklogRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  get size(): number {
    return this.#entries.size;
  }

  get leased(): number {
    return this.#leased;
  }

  get(messageNumber: number): BacklogEntry | undefined {
    return this.#entries.get(messageNumber);
  }

  oldest(): BacklogEntry | undefined {
    return this.#entries.values().next().value;
  }

  all(): readonly BacklogEntry[] {
    return [...this.#entries.values()];
  }

  add(message: PublishedMessage): void {
    const lane =
      this.#rules.isOrdered && message.orderingKey !== "" ? this.#laneOf(message.orderingKey) : undefined;
    const entry = newEntry(message, lane);
    this.#entries.set(message.number, entry);
    if (lane === undefined) this.#ready.push(entry);
    else {
      const isFirst = lane.next() === undefined;
      lane.add(entry);
      if (isFirst) this.#queueLane(lane);
    }
    this.#rules.onChange();
  }

  /** Leases the next message for this consumer, or returns undefined if there is none. */
  take(consumer: Consumer): BacklogEntry | undefined {
    consumer.isOwnTurn = !consumer.isOwnTurn;
    const lines = consumer.isOwnTurn ? [consumer.lanes, this.#ready] : [this.#ready, consumer.lanes];
    for (const line of lines) {
      trim(line);
      const first = line.shift();
      const entry = first === undefined ? undefined : entryOf(first);
      if (entry !== undefined) return this.#lease(entry, consumer);
    }
    return undefined;
  }

  /** Sets the lease to run out `afterMs` from now, whatever its deadline was before. */
  extend(entry: BacklogEntry, afterMs: number): void {
    if (entry.lease === undefined) return;
    this.#clock.cancel(entry.lease.timer);
    entry.lease.timer = this.#expireAt(entry, this.#clock.now() + afterMs);
  }

  /** Removes a message that its consumer has acknowledged. */
  acknowledge(entry: BacklogEntry): void {
    // A `settled` message keeps its place while an earlier message of its key can still fail.
    this.#takeOut(entry, entry.lane === undefined || this.#rules.isExactlyOnce() ? "gone" : "settled");
  }

  /** Removes a message that nobody has acknowledged: it was too old, or became a dead letter. */
  discard(entry: BacklogEntry): void {
    this.#takeOut(entry, "gone");
  }

  /** Offers a message again after a delay, together with all later messages of its key. */
  retry(entry: BacklogEntry, delayMs: number): void {
    const { lane } = entry;
    this.#endLease(entry);
    if (lane === undefined) this.#retryAlone(entry, delayMs);
    else this.#retryLane(lane, entry, delayMs);
    this.#rules.onChange();
  }

  /**
   * Puts messages back into the backlog. Within a key they must stay in order of publication, so leased
   * messages of an ordered subscription are delivered once more.
   */
  restore(messages: readonly PublishedMessage[]): void {
    const kept = new Map(this.#entries);
    if (this.#rules.isOrdered) this.clear();
    this.#entries.clear();
    for (const message of messages) {
      const entry = kept.get(message.number);
      if (entry === undefined || entry.state === "gone") this.add(message);
      else this.#entries.set(message.number, entry);
    }
  }

  /** Removes every message. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      this.#endLease(entry);
      this.#cancelRetry(entry);
      entry.state = "gone";
    }
    for (const lane of this.#lanes.values()) {
      if (lane.retryTimer !== undefined) this.#clock.cancel(lane.retryTimer);
      lane.ticket += 1;
    }
    this.#entries.clear();
    this.#lanes.clear();
    this.#ready.clear();
    this.#rules.onChange();
  }

  #takeOut(entry: BacklogEntry, state: "settled" | "gone"): void {
    const { lane } = entry;
    this.#entries.delete(entry.message.number);
    this.#endLease(entry);
    this.#cancelRetry(entry);
    entry.state = state;
    if (lane !== undefined) this.#tidy(lane);
    // A subscription that nobody reads must not keep expired messages.
    trim(this.#ready);
    this.#rules.onChange();
  }

  #laneOf(key: string): KeyLane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = new KeyLane(key);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Queues the lane for the consumer that holds messages of its key, otherwise for every consumer. */
  #queueLane(lane: KeyLane): void {
    lane.ticket += 1;
    if (lane.retryTimer !== undefined || lane.next() === undefined) return;
    // The lane is queued again when its last leased message comes back.
    if (lane.owner?.isOneAtATime === true) return;
    (lane.owner?.lanes ?? this.#ready).push({ lane, ticket: lane.ticket });
  }

  #lease(entry: BacklogEntry, consumer: Consumer): BacklogEntry {
    const { lane } = entry;
    entry.state = "leased";
    entry.deliveries += 1;
    this.#leased += 1;
    this.#leases += 1;
    entry.lease = {
      number: this.#leases,
      holder: consumer,
      timer: this.#expireAt(entry, this.#clock.now() + consumer.ackDeadlineMs),
    };
    consumer.hold(entry);
    if (lane !== undefined) {
      lane.pass(entry);
      lane.outstanding += 1;
      lane.owner = consumer;
      this.#queueLane(lane);
    }
    return entry;
  }

  #expireAt(entry: BacklogEntry, dueMs: number): ReturnType<EngineClock["at"]> {
    return this.#clock.at(dueMs, () => this.#rules.onExpired(entry));
  }

  #endLease(entry: BacklogEntry): void {
    const { lease, lane } = entry;
    if (lease === undefined) return;
    this.#clock.cancel(lease.timer);
    lease.holder.release(entry);
    entry.lease = undefined;
    this.#leased -= 1;
    if (lane === undefined) return;
    lane.outstanding -= 1;
    if (lane.outstanding > 0) return;
    lane.owner = undefined;
    this.#queueLane(lane);
  }

  #retryAlone(entry: BacklogEntry, delayMs: number): void {
    const offer = (): void => {
      entry.retryTimer = undefined;
      entry.state = "ready";
      this.#ready.push(entry);
    };
    if (delayMs <= 0) return offer();
    entry.state = "waiting";
    entry.retryTimer = this.#clock.at(this.#clock.now() + delayMs, () => {
      offer();
      this.#rules.onChange();
    });
  }

  #retryLane(lane: KeyLane, entry: BacklogEntry, delayMs: number): void {
    const followers = lane.rewind(entry);
    entry.state = "ready";
    for (const follower of followers) this.#takeBack(follower);
    if (lane.retryTimer !== undefined) this.#clock.cancel(lane.retryTimer);
    lane.retryTimer = undefined;
    if (delayMs > 0) {
      lane.retryTimer = this.#clock.at(this.#clock.now() + delayMs, () => {
        lane.retryTimer = undefined;
        this.#queueLane(lane);
        this.#rules.onChange();
      });
    }
    this.#queueLane(lane);
  }

  /** Takes back a message that was delivered after a failed one, whatever its state, to deliver it again. */
  #takeBack(entry: BacklogEntry): void {
    if (entry.state === "gone") return;
    this.#endLease(entry);
    if (entry.state === "settled") this.#entries.set(entry.message.number, entry);
    entry.state = "ready";
  }

  #cancelRetry(entry: BacklogEntry): void {
    if (entry.retryTimer !== undefined) this.#clock.cancel(entry.retryTimer);
    entry.retryTimer = undefined;
  }

  #tidy(lane: KeyLane): void {
    lane.trim((entry) => {
      entry.state = "gone";
    });
    if (!lane.isEmpty) return;
    if (lane.retryTimer !== undefined) this.#clock.cancel(lane.retryTimer);
    lane.ticket += 1;
    this.#lanes.delete(lane.key);
  }
}

/** Drops entries from the head of a line that cannot be taken any more, or not through this entry. */
function trim(line: Deque<BacklogEntry | LaneTicket>): void {
  for (let first = line.at(0); first !== undefined; first = line.at(0)) {
    if (entryOf(first)?.state === "ready") return;
    line.shift();
  }
}

function entryOf(place: BacklogEntry | LaneTicket): BacklogEntry | undefined {
  if (!("lane" in place && "ticket" in place)) return place;
  return place.ticket === place.lane.ticket ? place.lane.next() : undefined;
}
