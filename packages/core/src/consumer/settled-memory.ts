/** Stored messages that were processed but could not be settled, by provider id; the oldest are forgotten first. */
export class SettledMemory {
  readonly #ids = new Set<string>();
  readonly #capacity: number;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  add(providerId: string): void {
    this.#ids.delete(providerId);
    this.#ids.add(providerId);
    if (this.#ids.size <= this.#capacity) return;
    const [oldest] = this.#ids; // a Set keeps the order of insertion
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  has(providerId: string): boolean {
    return this.#ids.size > 0 && this.#ids.has(providerId);
  }

  delete(providerId: string): void {
    if (this.#ids.size > 0) this.#ids.delete(providerId);
  }
}

const DEFAULT_CAPACITY = 10_000;
