import type { Delivery } from "../driver/delivery.ts";

/** What tells a stored message from every other one, also of a queue of the same name that was made anew. */
export type Remembered = Pick<Delivery<unknown>, "providerId" | "enqueuedAtMs">;

/** Stored messages that were processed but could not be settled; the oldest are forgotten first. */
export class SettledMemory {
  readonly #capacity: number;
  readonly #scope: string;
  readonly #ids: Set<string>;

  /** `scope`: goes before each id · `ids`: shared with the memories of other scopes. */
  constructor(capacity: number = DEFAULT_CAPACITY, scope = "", ids = new Set<string>()) {
    this.#capacity = capacity;
    this.#scope = scope;
    this.#ids = ids;
  }

  /** This memory, for the messages of one target: its ids say nothing about those of another. */
  of(target: string): SettledMemory {
    return new SettledMemory(this.#capacity, `${target} `, this.#ids);
  }

  add(message: Remembered): void {
    const id = this.#idOf(message);
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size <= this.#capacity) return;
    const [oldest] = this.#ids; // a Set keeps the order of insertion
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  has(message: Remembered): boolean {
    return this.#ids.size > 0 && this.#ids.has(this.#idOf(message));
  }

  delete(message: Remembered): void {
    if (this.#ids.size > 0) this.#ids.delete(this.#idOf(message));
  }

  /** Service Bus numbers messages from 1 again where a queue was deleted and created; the time of their arrival stays theirs. */
  #idOf({ providerId, enqueuedAtMs }: Remembered): string {
    return `${this.#scope}${providerId} ${enqueuedAtMs ?? ""}`;
  }
}

const DEFAULT_CAPACITY = 10_000;
