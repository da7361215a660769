/** What is known of when a stream's deliveries were sent. A stream keeps its order. */
export class StreamMark {
  readonly number: number;
  /** What comes from now on was sent after this; monotonic. */
  #sentAfterMs: number;

  constructor(number: number, openedAtMs: number) {
    this.number = number;
    this.#sentAfterMs = openedAtMs;
  }

  /**
   * Notes that a message came, and when it was published.
   *
   * @returns the monotonic time after which it was sent, as far as clocks can tell
   */
  pass(publishedAtMs: number | undefined, nowMs: number, wallMs: number): number {
    const atMs = nowMs - wallMs + (publishedAtMs ?? 0);
    // A message from the future shows that the clocks disagree.
    if (atMs <= nowMs) this.#sentAfterMs = Math.max(this.#sentAfterMs, atMs);
    return this.#sentAfterMs;
  }
}
