/** Stored messages that were processed but could not be settled, by provider id; the oldest are forgotten first. */
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

  add(providerId: string): void {
    const id = this.#scope + providerId;
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size <= this.#capacity) return;
    const [oldest] = this.#ids; // a Set keeps the order of insertion
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  has(providerId: string): boolean {
    return this.#ids.size > 0 && this.#ids.has(this.#scope + providerId);
  }

  delete(providerId: string): void {
    if (this.#ids.size > 0) this.#ids.delete(this.#scope + providerId);
  }
}

const DEFAULT_CAPACITY = 10_000;
