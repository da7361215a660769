/** Delayed releases of one stream: the service counts them as outstanding there until their delay is over. */
export class ParkedDeliveries {
  #untilMs: number[] = [];

  add(untilMs: number): void {
    this.#untilMs.push(untilMs);
  }

  /** True: so many of `maxOutstanding` are parked that the stream has too little left to bring. */
  areTooMany(maxOutstanding: number, nowMs: number): boolean {
    if (this.#untilMs.length * 2 < maxOutstanding) return false;
    this.#untilMs = this.#untilMs.filter((untilMs) => untilMs > nowMs);
    return this.#untilMs.length * 2 >= maxOutstanding;
  }

  /** Another stream begins, which counts none of them. */
  clear(): void {
    this.#untilMs = [];
  }
}
