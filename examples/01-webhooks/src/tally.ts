import type { JournalEntry } from "./journal.ts";

/** What the workers counted, the same on every provider: each webhook counts once, however often it ran. */
export type Aggregates = Readonly<Record<string, number>>;

/** Adds up journal entries. Duplicates are counted, but do not change the aggregates. */
export class Tally {
  readonly #handled = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #deadLettered = new Set<string>();
  readonly #aggregates = new Map<string, number>();
  #duplicates = 0;

  add(entry: JournalEntry): void {
    if (entry.kind === "failed") {
      this.#failed.add(entry.id);
      return;
    }
    if (this.#handled.has(entry.id)) {
      this.#duplicates += 1;
      return;
    }
    this.#handled.add(entry.id);
    for (const key of [
      `${entry.event}.${entry.action}`,
      `repository ${entry.repository}`,
      `sender ${entry.sender}`,
    ]) {
      this.#aggregates.set(key, (this.#aggregates.get(key) ?? 0) + 1);
    }
  }

  addDeadLetter(id: string): void {
    this.#deadLettered.add(id);
  }

  get handled(): number {
    return this.#handled.size;
  }

  get retried(): number {
    return this.#failed.size;
  }

  get deadLettered(): number {
    return this.#deadLettered.size;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  /** The number of messages that are handled or dead letters. */
  get settled(): number {
    let both = 0;
    for (const id of this.#deadLettered) if (this.#handled.has(id)) both += 1;
    return this.#handled.size + this.#deadLettered.size - both;
  }

  get aggregates(): Aggregates {
    return Object.fromEntries([...this.#aggregates].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
