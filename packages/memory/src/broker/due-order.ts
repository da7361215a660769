import { DueHeap, isEarlier, type Due } from "./due-heap.ts";

/** An item that waits for a point in time, with its links in the line. */
export interface DueInOrder<T> extends Due {
  duePrevious: T | undefined;
  dueNext: T | undefined;
}

/**
 * Waiting items, earliest first. Leases of equal length end in the order in which they began. So an item that
 * is due after all others joins a line, which an ack leaves in constant time; only the rest needs a heap.
 */
export class DueOrder<T extends DueInOrder<T>> {
  readonly #heap = new DueHeap<T>();
  #first: T | undefined;
  #last: T | undefined;

  /** The earliest due time; Infinity when empty. */
  get nextAtMs(): number {
    return Math.min(this.#first?.dueAtMs ?? Number.POSITIVE_INFINITY, this.#heap.nextAtMs);
  }

  /** Adds the item, or moves it to its new due time. */
  set(item: T, dueAtMs: number): void {
    if (this.#heap.has(item)) {
      this.#heap.set(item, dueAtMs);
      return;
    }
    this.#leaveLine(item);
    item.dueAtMs = dueAtMs;
    const last = this.#last;
    if (last !== undefined && isEarlier(item, last)) {
      this.#heap.set(item, dueAtMs);
      return;
    }
    item.duePrevious = last;
    if (last === undefined) this.#first = item;
    else last.dueNext = item;
    this.#last = item;
  }

  /** Does nothing for an item that is not waiting. */
  delete(item: T): void {
    if (this.#heap.has(item)) this.#heap.delete(item);
    else this.#leaveLine(item);
  }

  /** Removes and returns the earliest item if it is due. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#first;
    const other = this.#heap.first;
    const next = first === undefined || (other !== undefined && isEarlier(other, first)) ? other : first;
    if (next === undefined || next.dueAtMs > nowMs) return undefined;
    this.delete(next);
    return next;
  }

  *values(): Iterable<T> {
    for (let item = this.#first; item !== undefined; item = item.dueNext) yield item;
    yield* this.#heap.values();
  }

  #leaveLine(item: T): void {
    const { duePrevious, dueNext } = item;
    if (duePrevious === undefined && this.#first !== item) return;
    if (duePrevious === undefined) this.#first = dueNext;
    else duePrevious.dueNext = dueNext;
    if (dueNext === undefined) this.#last = duePrevious;
    else dueNext.duePrevious = duePrevious;
    item.duePrevious = undefined;
    item.dueNext = undefined;
  }
}
