import type { PubsubHandle } from "./pubsub-wire.ts";

/** Entries of one stream from which on lost ones are looked for. */
const SWEEP_AT = 1_024;

interface Lease {
  /** Its end, monotonic. */
  untilMs: number;
  readonly orderingKey: string | undefined;
}

interface Held {
  readonly byAckId: Map<string, Lease>;
  sweepAt: number;
}

/** One delivery, and the stream that brought it. */
type Brought = Pick<PubsubHandle, "stream" | "ackId" | "orderingKey">;

/**
 * What each stream brought and is not settled: the service counts it there. What an ended stream brought takes room of
 * the next one, but only as long as its lease lasts: what was lost or let go of is redelivered then.
 */
export class Outstanding {
  readonly #streams = new Map<number, Held>();

  add({ stream, ackId, orderingKey }: Brought, untilMs: number, nowMs: number): void {
    let held = this.#streams.get(stream);
    if (held === undefined) {
      held = { byAckId: new Map(), sweepAt: SWEEP_AT };
      this.#streams.set(stream, held);
    }
    held.byAckId.set(ackId, { untilMs, orderingKey });
    if (held.byAckId.size < held.sweepAt) return;
    sweep(held, nowMs);
    held.sweepAt = Math.max(SWEEP_AT, 2 * held.byAckId.size);
  }

  /** A renewed lease lasts longer. */
  extend(stream: number, ackId: string, untilMs: number): void {
    const lease = this.#streams.get(stream)?.byAckId.get(ackId);
    if (lease !== undefined) lease.untilMs = untilMs;
  }

  delete(stream: number, ackId: string): void {
    this.#streams.get(stream)?.byAckId.delete(ackId);
  }

  /** The service takes everything on these keys back: nobody will settle it, and it comes again (D15). */
  deleteKeys(keys: ReadonlySet<string>): void {
    for (const { byAckId } of this.#streams.values()) {
      for (const [ackId, { orderingKey }] of byAckId) {
        if (orderingKey !== undefined && keys.has(orderingKey)) byAckId.delete(ackId);
      }
    }
  }

  /** Of all streams but the open ones. */
  countElsewhere(isOpen: (stream: number) => boolean, nowMs: number): number {
    let count = 0;
    for (const [stream, held] of this.#streams) {
      if (isOpen(stream)) continue;
      sweep(held, nowMs);
      if (held.byAckId.size === 0) this.#streams.delete(stream);
      count += held.byAckId.size;
    }
    return count;
  }
}

function sweep({ byAckId }: Held, nowMs: number): void {
  for (const [ackId, { untilMs }] of byAckId) if (untilMs <= nowMs) byAckId.delete(ackId);
}
