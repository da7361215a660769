import { Fifo } from "../batching/fifo.ts";

/** Allows at most `count` starts in any `perMs`. It remembers the starts of the last `perMs` only. */
export class RateLimit {
  readonly #count: number;
  readonly #perMs: number;
  /** Oldest first. */
  readonly #startedAtMs = new Fifo<number>();

  constructor(count: number, perMs: number) {
    this.#count = count;
    this.#perMs = perMs;
  }

  /** Milliseconds until the next start is allowed; 0 = now. */
  waitMs(nowMs: number): number {
    this.#forget(nowMs);
    const oldestMs = this.#startedAtMs.peek();
    return oldestMs === undefined || this.#left > 0 ? 0 : oldestMs + this.#perMs - nowMs;
  }

  /** Starts that are allowed now, up to `max`. */
  available(nowMs: number, max: number): number {
    this.#forget(nowMs);
    return Math.min(max, this.#left);
  }

  take(nowMs: number): void {
    this.#startedAtMs.push(nowMs);
  }

  get #left(): number {
    return this.#count - this.#startedAtMs.length;
  }

  #forget(nowMs: number): void {
    for (let atMs = this.#startedAtMs.peek(); atMs !== undefined; atMs = this.#startedAtMs.peek()) {
      if (atMs + this.#perMs > nowMs) return;
      this.#startedAtMs.take();
    }
  }
}
