import { Deque } from "../../../collections/deque.ts";

interface Entry {
  readonly key: string;
  readonly sequenceNumber: number;
  readonly sinceMs: number;
}

/**
 * Message ids in the history window. An id's window starts at its first message, is not extended by a
 * duplicate, and outlives the message.
 */
export class DuplicateWindow {
  readonly #byKey = new Map<string, Entry>();
  /** In order of arrival, which is also the order of expiry. */
  readonly #entries = new Deque<Entry>();

  /** Returns the number of the first message with this id, if still remembered. */
  find(key: string, nowMs: number, windowMs: number): number | undefined {
    this.#forget(nowMs - windowMs);
    return this.#byKey.get(key)?.sequenceNumber;
  }

  remember(key: string, sequenceNumber: number, nowMs: number): void {
    const entry: Entry = { key, sequenceNumber, sinceMs: nowMs };
    this.#byKey.set(key, entry);
    this.#entries.push(entry);
  }

  #forget(untilMs: number): void {
    for (;;) {
      const oldest = this.#entries.at(0);
      if (oldest === undefined || oldest.sinceMs > untilMs) return;
      this.#entries.shift();
      this.#byKey.delete(oldest.key);
    }
  }
}
