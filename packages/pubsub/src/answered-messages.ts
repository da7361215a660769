import type { Clock } from "@anyqueue/core/adapter";

const MAX_MESSAGES = 10_000;

/** Remembers for a while which messages were answered as handled: Pub/Sub may have missed the answer. */
export class AnsweredMessages {
  readonly #clock: Pick<Clock, "now">;
  readonly #keepMs: number;
  /** When each message is forgotten; the first is the oldest. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  has(key: string): boolean {
    return (this.#untilMs.get(key) ?? 0) > this.#clock.now();
  }

  add(key: string): void {
    const nowMs = this.#clock.now();
    this.#untilMs.delete(key);
    this.#untilMs.set(key, nowMs + this.#keepMs);
    for (const [oldest, untilMs] of this.#untilMs) {
      if (untilMs > nowMs && this.#untilMs.size <= MAX_MESSAGES) break;
      this.#untilMs.delete(oldest);
    }
  }
}
