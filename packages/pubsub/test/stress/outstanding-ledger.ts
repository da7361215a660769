interface Held {
  readonly messageId: string;
  readonly orderingKey: string;
  untilMs: number;
  /** False: exactly-once, and nobody's before the service has confirmed a lease. */
  isConfirmed: boolean;
}

/** Not counted. */
const EARLY = 0;

/** Deliveries that each consumer has and has not begun to settle, counted independently of it. */
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
    // The service took it back from whoever had it.
    for (const others of this.#held.values()) {
      for (const [id, { messageId }] of others) if (messageId === held.messageId) others.delete(id);
    }
    this.#out.delete(held.messageId);
    this.#of(consumer).set(ackId, this.#isEarly(held) ? { ...held, untilMs: EARLY } : held);
  }

  settling(consumer: number, ackIds: readonly string[]): void {
    for (const ackId of ackIds) this.#of(consumer).delete(ackId);
  }

  /** Messages behind a failed one of their key come again: nobody will settle these deliveries. */
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
      if (held === undefined) continue;
      if (!held.isConfirmed) {
        held.isConfirmed = true;
        this.#out.delete(held.messageId);
        held.untilMs = this.#isEarly(held) ? EARLY : untilMs;
      } else if (held.untilMs !== EARLY) held.untilMs = untilMs;
    }
  }

  /** A lease has no answer: unless another try gets one, the message and those behind it come again. */
  unconfirmed(consumer: number, ackIds: readonly string[]): void {
    for (const ackId of ackIds) {
      const held = this.#of(consumer).get(ackId);
      if (held === undefined || held.isConfirmed) continue;
      held.untilMs = EARLY;
      if (held.orderingKey !== "") this.#out.set(held.messageId, held.orderingKey);
    }
  }

  /** `change` settlements of the core begin or, if negative, have their answers. */
  underWay(consumer: number, change: number): void {
    const now = (this.#settling.get(consumer) ?? 0) + change;
    this.#settling.set(consumer, now);
    this.#mostSettling.set(consumer, Math.max(now, this.mostSettling(consumer)));
  }

  /** The most settlements that were under way at once so far. */
  mostSettling(consumer: number): number {
    return this.#mostSettling.get(consumer) ?? 0;
  }

  count(consumer: number): number {
    const nowMs = this.#now();
    return [...this.#of(consumer).values()].filter(({ untilMs }) => untilMs > nowMs).length;
  }

  /** Deliveries behind a message that is out are dropped, and come again, too. They may yet go back. */
  #isEarly({ orderingKey }: Held): boolean {
    return [...this.#out.values()].includes(orderingKey);
  }

  #of(consumer: number): Map<string, Held> {
    const known = this.#held.get(consumer);
    if (known !== undefined) return known;
    const fresh = new Map<string, Held>();
    this.#held.set(consumer, fresh);
    return fresh;
  }
}
