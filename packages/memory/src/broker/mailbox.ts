import { DueOrder } from "./due-order.ts";
import { Lanes } from "./lanes.ts";
import type { ReadyOrder } from "./ready-order.ts";
import { Lease, type LeaseState, type MessageState, type StoredMessage } from "./stored-message.ts";

/** Why a message becomes a dead letter, and what is noted on it. */
export interface BurialOrder {
  readonly reason: string;
  readonly description?: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface MailboxOptions {
  readonly name: string;
  readonly ready: ReadyOrder;
  /** False: ordering keys are data only. Dead letters are read in any order. */
  readonly keepsKeys: boolean;
  readonly nextToken: () => number;
  /** Moves a message to the dead letters; only the broker knows where they are. */
  readonly bury: (message: StoredMessage, order: BurialOrder, nowMs: number) => void;
}

export interface MailboxCounts {
  /** Neither leased nor delayed; includes messages behind a held key. */
  readonly visible: number;
  readonly leased: number;
  readonly delayed: number;
}

/** The messages of a queue or subscription, or its dead letters. Time is passed in and never goes back. */
export class Mailbox {
  readonly name: string;
  /** A message that comes back after this many deliveries is buried; undefined means never. */
  maxDeliveries: number | undefined = undefined;
  /** Mailboxes that bury into this one: when their leases expire, messages can arrive here. */
  readonly feeders: Set<Mailbox> = new Set();
  isDeleted = false;
  readonly #options: MailboxOptions;
  readonly #lanes: Lanes;
  readonly #due = new DueOrder<StoredMessage>();
  #visible = 0;
  #leased = 0;
  #delayed = 0;

  constructor(options: MailboxOptions) {
    this.name = options.name;
    this.#options = options;
    this.#lanes = new Lanes(options.ready, options.keepsKeys);
  }

  get counts(): MailboxCounts {
    return { visible: this.#visible, leased: this.#leased, delayed: this.#delayed };
  }

  /** True if a receive would get something right now. Messages behind a held key do not count. */
  get hasReady(): boolean {
    return this.#lanes.hasReady;
  }

  /** When time alone will change something here; Infinity means never. */
  nextDueAtMs(): number {
    let next = this.#due.nextAtMs;
    for (const feeder of this.feeders) next = Math.min(next, feeder.#due.nextAtMs);
    return next;
  }

  /** Ends leases and delays that are over, and drops expired messages. All other operations do this first. */
  advance(nowMs: number): void {
    for (const feeder of this.feeders) feeder.#applyDue(nowMs);
    this.#applyDue(nowMs);
  }

  /** A message sent with a delay gets its place in its key's order when it is due, as on Service Bus. */
  enqueue(message: StoredMessage, delayMs: number, nowMs: number): void {
    this.#applyDue(nowMs); // what became due earlier must take its place first
    if (delayMs > 0) {
      this.#turn(message, "scheduled");
      this.#due.set(message, nowMs + delayMs);
    } else {
      this.#join(message);
    }
  }

  receive(maxItems: number, leaseMs: number, nowMs: number): Lease[] {
    this.advance(nowMs);
    const leases: Lease[] = [];
    for (const message of this.#lanes.take(maxItems)) {
      this.#turn(message, "leased");
      message.deliveryCount += 1;
      const lease = new Lease(message, this.#options.nextToken());
      message.lease = lease;
      this.#due.set(message, nowMs + leaseMs);
      leases.push(lease);
    }
    return leases;
  }

  /** Returns false if the lease is lost. Repeating an ack succeeds. */
  ack(lease: Lease, nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (lease.state !== "open") return lease.state === "acked";
    lease.state = "acked";
    this.#leave(lease.message);
    return true;
  }

  /** `unstarted`: no handler began, so the delivery is not counted and the message comes back first. */
  release(lease: Lease, delayMs: number, cause: "retry" | "unstarted", nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (lease.state !== "open") return lease.state === "released";
    if (cause === "unstarted") lease.message.deliveryCount -= 1;
    this.#end(lease, "released", delayMs, nowMs, cause === "unstarted");
    return true;
  }

  /** Makes the lease end `leaseMs` from now, whether that is later or earlier than before. */
  extend(lease: Lease, leaseMs: number, nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (lease.state !== "open") return false;
    this.#due.set(lease.message, nowMs + leaseMs);
    return true;
  }

  bury(lease: Lease, order: BurialOrder, nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (lease.state !== "open") return lease.state === "buried";
    lease.state = "buried";
    this.#leave(lease.message);
    this.#options.bury(lease.message, order, nowMs);
    return true;
  }

  /** Takes the lease away before its time; the message becomes available again. */
  revoke(lease: Lease, nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (lease.state !== "open") return false;
    this.#end(lease, "lost", 0, nowMs, false);
    return true;
  }

  /** Removes a message that was sent with a delay and is not due yet. */
  cancel(message: StoredMessage, nowMs: number): boolean {
    this.#applyDue(nowMs);
    if (message.state !== "scheduled") return false;
    this.#leave(message);
    return true;
  }

  /** Removes everything, including leased messages. Returns the leases that were lost. */
  purge(): readonly Lease[] {
    const lost: Lease[] = [];
    for (const message of this.#everything()) {
      if (message.lease !== undefined) {
        message.lease.state = "lost";
        lost.push(message.lease);
      }
      this.#leave(message);
    }
    return lost;
  }

  /** Returns everything stored in the order of sending, without handing it over. */
  browse(nowMs: number): readonly StoredMessage[] {
    this.advance(nowMs);
    return this.#everything().toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Removes and returns all visible messages, to move them to another mailbox. */
  takeVisible(nowMs: number): readonly StoredMessage[] {
    const taken = this.browse(nowMs).filter((message) => message.state === "visible");
    for (const message of taken) this.#leave(message);
    return taken;
  }

  #everything(): StoredMessage[] {
    return [...new Set([...this.#due.values(), ...this.#lanes.messages()])];
  }

  #applyDue(nowMs: number): void {
    if (this.#due.nextAtMs > nowMs) return;
    for (let message = this.#due.takeDue(nowMs); message !== undefined; message = this.#due.takeDue(nowMs)) {
      // Each change happens at its own time: the result must not depend on when somebody looks.
      const atMs = message.dueAtMs;
      if (message.lease !== undefined) this.#end(message.lease, "lost", 0, atMs, false);
      else if (message.expiresAtMs <= atMs) this.#leave(message);
      else if (message.state === "scheduled") this.#join(message);
      else this.#wake(message);
    }
  }

  #join(message: StoredMessage): void {
    this.#turn(message, "visible");
    this.#watchExpiry(message);
    this.#lanes.join(message);
  }

  #wake(message: StoredMessage): void {
    this.#turn(message, "visible");
    this.#watchExpiry(message);
    this.#lanes.wake(message);
  }

  /** Ends a lease. The message comes back, unless its deliveries are used up or it expired meanwhile. */
  #end(lease: Lease, state: LeaseState, delayMs: number, nowMs: number, isFirst: boolean): void {
    const { message } = lease;
    lease.state = state;
    message.lease = undefined;
    if (message.expiresAtMs <= nowMs) {
      this.#leave(message);
    } else if (this.maxDeliveries !== undefined && message.deliveryCount >= this.maxDeliveries) {
      this.#leave(message);
      this.#options.bury(message, { reason: "MAX_DELIVERIES", attributes: {} }, nowMs);
    } else {
      this.#turn(message, delayMs > 0 ? "delayed" : "visible");
      if (delayMs > 0) this.#due.set(message, Math.min(nowMs + delayMs, message.expiresAtMs));
      else this.#watchExpiry(message);
      this.#lanes.putBack(message, isFirst);
    }
  }

  /** A visible message is due only when it expires. */
  #watchExpiry(message: StoredMessage): void {
    if (message.expiresAtMs === Number.POSITIVE_INFINITY) this.#due.delete(message);
    else this.#due.set(message, message.expiresAtMs);
  }

  #leave(message: StoredMessage): void {
    this.#lanes.remove(message);
    this.#due.delete(message);
    this.#turn(message, "gone");
    message.lease = undefined;
  }

  #turn(message: StoredMessage, state: MessageState): void {
    this.#count(message.state, -1);
    message.state = state;
    this.#count(state, 1);
  }

  #count(state: MessageState, change: 1 | -1): void {
    if (state === "visible") this.#visible += change;
    else if (state === "leased") this.#leased += change;
    else if (state !== "gone") this.#delayed += change;
  }
}
