import type { Delivery } from "../driver/delivery.ts";

/** What distinguishes a stored message from every other one. */
export type Remembered = Pick<Delivery<unknown>, "providerId" | "enqueuedAtMs">;

/** Stored messages that were processed but could not be settled. The oldest are forgotten first. */
export class SettledMemory {
  readonly #capacity: number;
  readonly #scope: string;
  /** When each arrived, by scope and provider id. */
  readonly #arrivals: Map<string, number>;

  /** `scope`: prefix of each id · `arrivals`: shared with the memories of other scopes. */
  constructor(capacity: number = DEFAULT_CAPACITY, scope = "", arrivals = new Map<string, number>()) {
    this.#capacity = capacity;
    this.#scope = scope;
    this.#arrivals = arrivals;
  }

  /** This memory, for one target only: ids of one target say nothing about those of another. */
  of(target: string): SettledMemory {
    return new SettledMemory(this.#capacity, `${target} `, this.#arrivals);
  }

  add({ providerId, enqueuedAtMs = Infinity }: Remembered): void {
    const id = this.#scope + providerId;
    this.#arrivals.delete(id);
    this.#arrivals.set(id, enqueuedAtMs);
    if (this.#arrivals.size <= this.#capacity) return;
    const [oldest] = this.#arrivals.keys(); // a Map keeps the order of insertion
    if (oldest !== undefined) this.#arrivals.delete(oldest);
  }

  /**
   * Service Bus numbers messages from 1 again after a queue was deleted and created: a later arrival is
   * another message. An earlier one proves nothing: it falls with each look if a test moves the clock.
   */
  has({ providerId, enqueuedAtMs = -Infinity }: Remembered): boolean {
    if (this.#arrivals.size === 0) return false;
    const arrivedAtMs = this.#arrivals.get(this.#scope + providerId);
    return arrivedAtMs !== undefined && enqueuedAtMs <= arrivedAtMs;
  }

  delete({ providerId }: Remembered): void {
    if (this.#arrivals.size > 0) this.#arrivals.delete(this.#scope + providerId);
  }
}

const DEFAULT_CAPACITY = 10_000;
