/** Delayed releases of one stream: the service counts them as outstanding there until their delay is over. */
export class ParkedDeliveries {
  #untilMs: number[] = [];

  add(untilMs: number): void {
    this.#untilMs.push(untilMs);
  }

  /** True: at least half of `maxOutstanding` is parked, so the stream has too little room to bring more. */
  areTooMany(maxOutstanding: number, nowMs: number): boolean {
    if (this.#untilMs.length * 2 < maxOutstanding) return false;
    this.#untilMs = this.#untilMs.filter((untilMs) => untilMs > nowMs);
    return this.#untilMs.length * 2 >= maxOutstanding;
  }

  /** Forgets all, because another stream counts none of them. */
  clear(): void {
    this.#untilMs = [];
  }
}
