interface Entry {
  readonly sequenceNumber: number;
  readonly sinceMs: number;
}

/**
 * Message ids of the history window. The window of an id starts at its first message, is not extended
 * by a duplicate, and outlives the message.
 */
export class DuplicateWindow {
  /** In order of arrival, which is the order of expiry. */
  readonly #entries = new Map<string, Entry>();

  /** The number of the first message with this id, if it is still remembered. */
  find(key: string, nowMs: number, windowMs: number): number | undefined {
    this.#forget(nowMs - windowMs);
    return this.#entries.get(key)?.sequenceNumber;
  }

  remember(key: string, sequenceNumber: number, nowMs: number): void {
    this.#entries.set(key, { sequenceNumber, sinceMs: nowMs });
  }

  #forget(untilMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.sinceMs > untilMs) return;
      this.#entries.delete(key);
    }
  }
}
