/** The most messages remembered. The one handed back longest ago is forgotten first. */
const MAX_MESSAGES = 10_000;

/**
 * Counts how often a consumer gave back a message that no handler had begun, for services that count every
 * hand-over. They deliver the followers of a failing message again with each of its retries. Without this
 * count, the followers would have no attempts left when their turn comes.
 *
 * `attempt` is the service's number of a delivery. It is for services that do not count the return of a delivery
 * whose lease is gone, and do not say so: with it, each number is counted once.
 */
export class HandBacks {
  /** By the provider's id, which stays the same from delivery to delivery; `attempt`: that of the last one. */
  readonly #counts = new Map<string, { readonly count: number; readonly attempt: number }>();
  readonly #given = new WeakSet<object>();

  /** How often a message was given back unstarted before this delivery. @param attempt absent: the next one */
  of(messageId: string, attempt = Infinity): number {
    // Usually the map is empty, and the id need not be hashed.
    const known = this.#counts.size === 0 ? undefined : this.#counts.get(messageId);
    if (known === undefined) return 0;
    return known.attempt < attempt ? known.count : known.count - 1;
  }

  /** Counts one more hand-back. */
  add(messageId: string, attempt = 0): void {
    const known = this.#counts.get(messageId);
    if (known !== undefined && attempt > 0 && attempt <= known.attempt) return;
    // Deleted and set again, so that the map is ordered by the last hand-back.
    this.#counts.delete(messageId);
    this.#counts.set(messageId, { count: (known?.count ?? 0) + 1, attempt });
    if (this.#counts.size <= MAX_MESSAGES) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /**
   * Counts a hand-back once per handle, however often the release is tried. Call it before the request: the
   * message may be delivered again before the answer arrives, or, without an answer, when its lease ends.
   */
  addOnce(handle: { readonly messageId: string; readonly attempt?: number | undefined }): void {
    if (this.#given.has(handle)) return;
    this.#given.add(handle);
    this.add(handle.messageId, handle.attempt);
  }

  /** Forgets a message that is settled. */
  forget(messageId: string): void {
    if (this.#counts.size > 0) this.#counts.delete(messageId);
  }
}
