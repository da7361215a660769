import type { PubsubHandle } from "./pubsub-wire.ts";

/** Entries of one stream from which on lost ones are looked for. */
const SWEEP_AT = 1_024;

interface Held {
  /** End of each lease, monotonic. By the handle itself: an ack id has 200 characters to hash. */
  readonly untilMs: Map<Brought, number>;
  sweepAt: number;
}

/** The handle of one delivery, always the same object. */
type Brought = Pick<PubsubHandle, "stream" | "orderingKey">;

/**
 * What each stream brought and is not settled: the service counts it there. What an ended stream brought takes room of
 * the next one, but only as long as its lease lasts: what was lost or let go of is redelivered then.
 */
export class Outstanding {
  readonly #streams = new Map<number, Held>();

  add(brought: Brought, untilMs: number, nowMs: number): void {
    let held = this.#streams.get(brought.stream);
    if (held === undefined) {
      held = { untilMs: new Map(), sweepAt: SWEEP_AT };
      this.#streams.set(brought.stream, held);
    }
    held.untilMs.set(brought, untilMs);
    if (held.untilMs.size < held.sweepAt) return;
    sweep(held, nowMs);
    held.sweepAt = Math.max(SWEEP_AT, 2 * held.untilMs.size);
  }

  /** A renewed lease lasts longer. */
  extend(brought: Brought, untilMs: number): void {
    const held = this.#streams.get(brought.stream);
    if (held?.untilMs.has(brought) === true) held.untilMs.set(brought, untilMs);
  }

  delete(brought: Brought): void {
    this.#streams.get(brought.stream)?.untilMs.delete(brought);
  }

  /** The service takes everything on these keys back: nobody will settle it, and it comes again (D15). */
  deleteKeys(keys: ReadonlySet<string>): void {
    for (const { untilMs } of this.#streams.values()) {
      for (const brought of untilMs.keys()) {
        const { orderingKey } = brought;
        if (orderingKey !== undefined && keys.has(orderingKey)) untilMs.delete(brought);
      }
    }
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
  for (const [brought, endMs] of untilMs) if (endMs <= nowMs) untilMs.delete(brought);
}
