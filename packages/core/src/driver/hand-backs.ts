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

  of(messageId: string): number {
    return this.#counts.get(messageId) ?? 0;
  }

  add(messageId: string): void {
    const count = this.of(messageId) + 1;
    // Set anew, so that the order of the map is that of the last hand-back.
    this.#counts.delete(messageId);
    this.#counts.set(messageId, count);
    if (this.#counts.size <= MAX_MESSAGES) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  forget(messageId: string): void {
    this.#counts.delete(messageId);
  }
}
