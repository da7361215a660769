/** Remembers the recently stored deduplication ids and the sequence numbers of their messages. */
export class DeduplicationWindow {
  readonly #windowMs: number;
  readonly #seen = new Map<string, { readonly sequence: number; readonly untilMs: number }>();
  #nextSweepAtMs = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Returns the sequence of the message stored under this id within the window. */
  find(id: string, nowMs: number): number | undefined {
    const entry = this.#seen.get(id);
    return entry !== undefined && entry.untilMs > nowMs ? entry.sequence : undefined;
  }

  remember(id: string, sequence: number, nowMs: number): void {
    if (nowMs >= this.#nextSweepAtMs) this.#sweep(nowMs);
    // Deleted first, so that the map stays sorted by `untilMs` and a sweep can stop early.
    this.#seen.delete(id);
    this.#seen.set(id, { sequence, untilMs: nowMs + this.#windowMs });
  }

  /** Runs eight times a window: at every send it would walk the tombstones at the map's front. */
  #sweep(nowMs: number): void {
    this.#nextSweepAtMs = nowMs + this.#windowMs / 8;
    for (const [id, entry] of this.#seen) {
      if (entry.untilMs > nowMs) return;
      this.#seen.delete(id);
    }
  }
}
