import type { Clock, Timer } from "@anyqueue/core/adapter";
import type { Mailbox } from "./broker/mailbox.ts";
import type { Lease } from "./broker/stored-message.ts";

/** A receive that waits for its first message. */
export interface Waiter {
  readonly maxItems: number;
  readonly leaseMs: number;
  readonly deadlineMs: number;
  /** Called once, with the leases that the receive got. */
  readonly done: (leases: readonly Lease[]) => void;
  readonly fail: (error: Error) => void;
}

/** The receives that wait at one mailbox, served in order of arrival. They share one timer. */
export class ReceiverLine {
  readonly #mailbox: Mailbox;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(mailbox: Mailbox, clock: Clock) {
    this.#mailbox = mailbox;
    this.#clock = clock;
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#arm();
  }

  /** Ends a wait early. Returns false if it has already ended. */
  leave(waiter: Waiter): boolean {
    const wasWaiting = this.#waiters.delete(waiter);
    this.#arm();
    return wasWaiting;
  }

  /** Serves the waiting receives as far as possible. Call it whenever the mailbox has changed. */
  serve(): void {
    if (this.#waiters.size === 0) return;
    const nowMs = this.#clock.now();
    this.#mailbox.advance(nowMs);
    for (const waiter of this.#waiters) {
      if (this.#mailbox.hasReady) {
        this.#waiters.delete(waiter);
        waiter.done(this.#mailbox.receive(waiter.maxItems, waiter.leaseMs, nowMs));
      } else if (waiter.deadlineMs <= nowMs) {
        this.#waiters.delete(waiter);
        waiter.done([]);
      }
    }
    this.#arm();
  }

  /** The mailbox is gone; the next receive creates a new one. Waiting receives end empty. */
  dismiss(): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter.done([]);
    }
    this.#arm();
  }

  /** The mailbox is gone for good. Waiting receives fail. */
  fail(error: Error): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter.fail(error);
    }
    this.#arm();
  }

  #arm(): void {
    const atMs = this.#nextAtMs();
    if (atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.serve();
      },
      Math.max(0, atMs - this.#clock.now()),
    );
  }

  #nextAtMs(): number {
    if (this.#waiters.size === 0) return Number.POSITIVE_INFINITY;
    let nextMs = this.#mailbox.nextDueAtMs();
    for (const { deadlineMs } of this.#waiters) nextMs = Math.min(nextMs, deadlineMs);
    return nextMs;
  }
}
