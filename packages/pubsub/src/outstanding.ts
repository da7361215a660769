/** Entries of one stream from which on lost ones are looked for. */
const SWEEP_AT = 1_024;

interface Held {
  /** By ack id: end of the lease, monotonic. */
  readonly untilMs: Map<string, number>;
  sweepAt: number;
}

/**
 * What each stream brought and is not settled: the service counts it there. What an ended stream brought takes room of
 * the next one, but only as long as its lease lasts: what was lost or let go of is redelivered then.
 */
export class Outstanding {
  readonly #streams = new Map<number, Held>();

  add(stream: number, ackId: string, untilMs: number, nowMs: number): void {
    let held = this.#streams.get(stream);
    if (held === undefined) {
      held = { untilMs: new Map(), sweepAt: SWEEP_AT };
      this.#streams.set(stream, held);
    }
    held.untilMs.set(ackId, untilMs);
    if (held.untilMs.size < held.sweepAt) return;
    sweep(held, nowMs);
    held.sweepAt = Math.max(SWEEP_AT, 2 * held.untilMs.size);
  }

  /** A renewed lease lasts longer. */
  extend(stream: number, ackId: string, untilMs: number): void {
    const held = this.#streams.get(stream)?.untilMs;
    if (held?.has(ackId) === true) held.set(ackId, untilMs);
  }

  delete(stream: number, ackId: string): void {
    this.#streams.get(stream)?.untilMs.delete(ackId);
  }

  /** Of all streams but the open ones. */
  countElsewhere(isOpen: (stream: number) => boolean, nowMs: number): number {
    let count = 0;
    for (const [stream, held] of this.#streams) {
      if (isOpen(stream)) continue;
      sweep(held, nowMs);
      if (held.untilMs.size === 0) this.#streams.delete(stream);
      count += held.untilMs.size;
    }
    return count;
  }
}

function sweep({ untilMs }: Held, nowMs: number): void {
  for (const [ackId, atMs] of untilMs) if (atMs <= nowMs) untilMs.delete(ackId);
}
