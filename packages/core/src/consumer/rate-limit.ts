/** At most `count` starts in any `perMs`: remembers the last `count` of them, in a ring. */
export class RateLimit {
  readonly #perMs: number;
  readonly #startedAtMs: Float64Array;
  #next = 0;

  constructor(count: number, perMs: number) {
    this.#perMs = perMs;
    this.#startedAtMs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until the next start is allowed; 0 = now. */
  waitMs(nowMs: number): number {
    const oldestMs = this.#startedAtMs[this.#next] ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, oldestMs + this.#perMs - nowMs);
  }

  /** Starts that are allowed now, counted up to `max`. */
  available(nowMs: number, max: number): number {
    let free = 0;
    while (free < max && free < this.#startedAtMs.length) {
      const atMs = this.#startedAtMs[(this.#next + free) % this.#startedAtMs.length] ?? nowMs;
      if (atMs + this.#perMs > nowMs) break;
      free += 1;
    }
    return free;
  }

  take(nowMs: number): void {
    this.#startedAtMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#startedAtMs.length;
  }
}
