interface Held {
  readonly messageId: string;
  readonly orderingKey: string;
  untilMs: number;
}

/** Deliveries that a consumer has and has not begun to settle, as a judge beside it counts them. */
export class OutstandingLedger {
  readonly #now: () => number;
  readonly #held = new Map<number, Map<string, Held>>();
  /** Messages that were given back and have not come again, with their keys. */
  readonly #out = new Map<string, string>();
  readonly #settling = new Map<number, number>();
  readonly #mostSettling = new Map<number, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  arrived(consumer: number, ackId: string, held: Held): void {
    // It was taken back from whoever had it.
    for (const others of this.#held.values()) {
      for (const [id, { messageId }] of others) if (messageId === held.messageId) others.delete(id);
    }
    this.#out.delete(held.messageId);
    // What comes of a key meanwhile is let go of, and comes again too.
    if (![...this.#out.values()].includes(held.orderingKey)) this.#of(consumer).set(ackId, held);
  }

  settling(consumer: number, ackIds: readonly string[]): void {
    for (const ackId of ackIds) this.#of(consumer).delete(ackId);
  }

  /** What follows a failed message of a key comes again: nobody will settle it. */
  dropped(consumer: number, ackIds: readonly string[]): void {
    const held = this.#of(consumer);
    const failed = ackIds.flatMap((ackId) => held.get(ackId) ?? []);
    for (const { messageId, orderingKey } of failed) this.#out.set(messageId, orderingKey);
    const keys = new Set(failed.map(({ orderingKey }) => orderingKey));
    for (const [id, { orderingKey }] of held) if (keys.has(orderingKey)) held.delete(id);
  }

  extended(consumer: number, ackIds: readonly string[], untilMs: number): void {
    for (const ackId of ackIds) {
      const held = this.#of(consumer).get(ackId);
      if (held !== undefined) held.untilMs = untilMs;
    }
  }

  /** A settlement of so many begins, or has its answer if negative. */
  underWay(consumer: number, change: number): void {
    const now = (this.#settling.get(consumer) ?? 0) + change;
    this.#settling.set(consumer, now);
    this.#mostSettling.set(consumer, Math.max(now, this.mostSettling(consumer)));
  }

  /** Most settlements that were under way at once so far. */
  mostSettling(consumer: number): number {
    return this.#mostSettling.get(consumer) ?? 0;
  }

  count(consumer: number): number {
    const nowMs = this.#now();
    return [...this.#of(consumer).values()].filter(({ untilMs }) => untilMs > nowMs).length;
  }

  #of(consumer: number): Map<string, Held> {
    const known = this.#held.get(consumer);
    if (known !== undefined) return known;
    const fresh = new Map<string, Held>();
    this.#held.set(consumer, fresh);
    return fresh;
  }
}
