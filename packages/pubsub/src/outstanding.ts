import { LinkedList, type Linked } from "@anyqueue/core/adapter";

/** Entries of one stream from which on lost ones are looked for. */
const SWEEP_AT = 1_024;

/** The handle of one delivery, always the same object. */
export interface Brought extends Linked<Brought> {
  /** Number of the stream that brought it: a delayed release counts there until its delay is over. */
  readonly stream: number;
  /** Undefined: it is in no order. */
  readonly orderingKey: string | undefined;
  /** End of its lease, in milliseconds of the monotonic clock, while it is counted as outstanding. */
  countedUntilMs: number | undefined;
}

interface Held {
  /** A list through the handles: a `Map` that they pass through would keep them (see `LinkedList`). */
  readonly list: LinkedList<Brought>;
  count: number;
  sweepAt: number;
}

/**
 * What each stream brought and is not settled: the service counts it there. What an ended stream brought takes room of
 * the next one, but only as long as its lease lasts: what was lost or let go of is redelivered then.
 */
export class Outstanding {
  readonly #streams = new Map<number, Held>();

  add(brought: Brought, untilMs: number, nowMs: number): void {
    let held = this.#streams.get(brought.stream);
    if (held === undefined) {
      held = { list: new LinkedList(), count: 0, sweepAt: SWEEP_AT };
      this.#streams.set(brought.stream, held);
    }
    brought.countedUntilMs = untilMs;
    held.list.add(brought);
    held.count += 1;
    if (held.count < held.sweepAt) return;
    sweep(held, nowMs);
    held.sweepAt = Math.max(SWEEP_AT, 2 * held.count);
  }

  /** A renewed lease lasts longer. */
  extend(brought: Brought, untilMs: number): void {
    if (brought.countedUntilMs !== undefined) brought.countedUntilMs = untilMs;
  }

  delete(brought: Brought): void {
    if (brought.countedUntilMs === undefined) return;
    const held = this.#streams.get(brought.stream);
    if (held !== undefined) uncount(held, brought);
  }

  /** The service takes everything on these keys back: nobody will settle it, and it comes again (D15). */
  deleteKeys(keys: ReadonlySet<string>): void {
    for (const held of this.#streams.values()) {
      for (const brought of held.list.toArray()) {
        const { orderingKey } = brought;
        if (orderingKey !== undefined && keys.has(orderingKey)) uncount(held, brought);
      }
    }
  }

  /** Of all streams but the open ones. */
  countElsewhere(isOpen: (stream: number) => boolean, nowMs: number): number {
    let count = 0;
    for (const [stream, held] of this.#streams) {
      if (isOpen(stream)) continue;
      sweep(held, nowMs);
      if (held.count === 0) this.#streams.delete(stream);
      count += held.count;
    }
    return count;
  }
}

function sweep(held: Held, nowMs: number): void {
  for (const brought of held.list.toArray())
    if ((brought.countedUntilMs ?? 0) <= nowMs) uncount(held, brought);
}

function uncount(held: Held, brought: Brought): void {
  brought.countedUntilMs = undefined;
  held.list.delete(brought);
  held.count -= 1;
}
