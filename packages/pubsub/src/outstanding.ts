import { LinkedList, type Linked } from "@anyqueue/core/adapter";

/** From this many entries of one stream on, expired ones are removed. */
const SWEEP_AT = 1_024;

/** The handle of one delivery, always the same object. */
export interface Brought extends Linked<Brought> {
  /** Number of the stream that brought it: a delayed release counts there until its delay is over. */
  readonly stream: number;
  /** Undefined: the message has no order. */
  readonly orderingKey: string | undefined;
  /** End of its lease, in milliseconds of the monotonic clock, while it is counted as outstanding. */
  countedUntilMs: number | undefined;
}

interface Held {
  /** Linked through the handles: a `Map` would keep the handles that pass through it (see `LinkedList`). */
  readonly list: LinkedList<Brought>;
  count: number;
  sweepAt: number;
}

/**
 * Unsettled deliveries by stream, as the service counts them. Deliveries of an ended stream take room from
 * the next one, but only while their leases last: after that, lost or abandoned ones are redelivered.
 */
export class Outstanding {
  readonly #streams = new Map<number, Held>();

  /** Counts it once, also if it was left out meanwhile. */
  add(brought: Brought, untilMs: number, nowMs: number): void {
    if (brought.countedUntilMs !== undefined) {
      brought.countedUntilMs = untilMs;
      return;
    }
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

  extend(brought: Brought, untilMs: number): void {
    if (brought.countedUntilMs !== undefined) brought.countedUntilMs = untilMs;
  }

  delete(brought: Brought): void {
    if (brought.countedUntilMs === undefined) return;
    const held = this.#streams.get(brought.stream);
    if (held !== undefined) uncount(held, brought);
  }

  /** Removes all deliveries on these keys: the service takes them back and redelivers them (D15). */
  deleteKeys(keys: ReadonlySet<string>): void {
    for (const held of this.#streams.values()) {
      for (const brought of held.list.toArray()) {
        const { orderingKey } = brought;
        if (orderingKey !== undefined && keys.has(orderingKey)) uncount(held, brought);
      }
    }
  }

  /** Counts the deliveries of all streams but the open ones. */
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
