/** Messages that are remembered; the one that was handed back longest ago is forgotten first. */
const MAX_MESSAGES = 10_000;

/**
 * How often a consumer gave a message back that no handler had begun, for services that count every hand-over. There
 * the followers of a failing message come along again with each of its tries: without this they would have no attempts
 * left when their turn comes.
 */
export class HandBacks {
  /** By the provider's id, which stays the same from delivery to delivery. */
  readonly #counts = new Map<string, number>();
  readonly #given = new WeakSet<object>();

  /** How often a message was given back so. */
  of(messageId: string): number {
    // As a rule there is none, and the text need not be hashed.
    return this.#counts.size === 0 ? 0 : (this.#counts.get(messageId) ?? 0);
  }

  /** Counts one more. */
  add(messageId: string): void {
    const count = this.of(messageId) + 1;
    // Set anew, so that the order of the map is that of the last hand-back.
    this.#counts.delete(messageId);
    this.#counts.set(messageId, count);
    if (this.#counts.size <= MAX_MESSAGES) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /**
   * To be called before the request: the message may come again before its answer does, or without one when its lease ends.
   * However often that is tried, it is one hand-over.
   */
  addOnce(handle: { readonly messageId: string }): void {
    if (this.#given.has(handle)) return;
    this.#given.add(handle);
    this.add(handle.messageId);
  }

  /** For a message that is settled. */
  forget(messageId: string): void {
    if (this.#counts.size > 0) this.#counts.delete(messageId);
  }
}
