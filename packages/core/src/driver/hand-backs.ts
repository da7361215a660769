/** The most messages remembered. The one handed back longest ago is forgotten first. */
const MAX_MESSAGES = 10_000;

/**
 * Counts how often a consumer gave back a message that no handler had begun, for services that count every
 * hand-over. They deliver the followers of a failing message again with each of its retries. Without this
 * count, the followers would have no attempts left when their turn comes.
 */
export class HandBacks {
  /** By the provider's id, which stays the same from delivery to delivery. */
  readonly #counts = new Map<string, number>();
  readonly #given = new WeakSet<object>();

  /** How often a message was given back unstarted. */
  of(messageId: string): number {
    // Usually the map is empty, and the id need not be hashed.
    return this.#counts.size === 0 ? 0 : (this.#counts.get(messageId) ?? 0);
  }

  /** Counts one more hand-back. */
  add(messageId: string): void {
    const count = this.of(messageId) + 1;
    // Deleted and set again, so that the map is ordered by the last hand-back.
    this.#counts.delete(messageId);
    this.#counts.set(messageId, count);
    if (this.#counts.size <= MAX_MESSAGES) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /**
   * Counts a hand-back once per handle, however often the release is tried. Call it before the request: the
   * message may be delivered again before the answer arrives, or, without an answer, when its lease ends.
   */
  addOnce(handle: { readonly messageId: string }): void {
    if (this.#given.has(handle)) return;
    this.#given.add(handle);
    this.add(handle.messageId);
  }

  /** Forgets a message that is settled. */
  forget(messageId: string): void {
    if (this.#counts.size > 0) this.#counts.delete(messageId);
  }
}
