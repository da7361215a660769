import { LinkedList, type Linked } from "../batching/linked-list.ts";
import type { Clock, Timer } from "./clock.ts";
import { setTimeLimit } from "./time-limit.ts";

/** An item that must be done before a moment of `clock.now()`. */
export interface Dated<Item> extends Linked<Item> {
  readonly deadlineMs: number;
}

/**
 * Watches the deadlines of many items that all get the same time, with one timer for all.
 * Items must be added in the order of their deadlines.
 */
export class DeadlineList<Item extends Dated<Item>> {
  readonly #clock: Clock;
  readonly #onExpired: (item: Item) => void;
  /** Oldest first; linked because most items leave long before their deadline. */
  readonly #open = new LinkedList<Item>();
  #timer: Timer | undefined;

  constructor(clock: Clock, onExpired: (item: Item) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  add(item: Item): void {
    this.#open.add(item);
    if (this.#timer === undefined) this.#arm(item);
  }

  delete(item: Item): void {
    this.#open.delete(item);
  }

  /** The oldest item that has not left yet. */
  get first(): Item | undefined {
    return this.#open.first;
  }

  /** The items that have not left yet, oldest first. */
  all(): readonly Item[] {
    return this.#open.toArray();
  }

  /** Ends the timer; items added later start it again. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(first: Item): void {
    const leftMs = first.deadlineMs - this.#clock.now();
    this.#timer = setTimeLimit(this.#clock, () => this.#expire(), leftMs);
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (let item = this.#open.first; item !== undefined; item = this.#open.first) {
      if (item.deadlineMs > nowMs) {
        this.#arm(item);
        return;
      }
      this.#open.delete(item);
      this.#onExpired(item);
    }
  }
}
