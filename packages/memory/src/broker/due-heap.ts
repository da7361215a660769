/** An item that waits for a point in time. `dueIndex` belongs to the heap and is -1 outside it. */
export interface Due {
  /** Breaks ties between equal times: what was sent first is due first. */
  readonly sequence: number;
  dueAtMs: number;
  dueIndex: number;
}

/** Binary heap by `dueAtMs`. Each item knows its index: settled leases leave at once and do not pile up. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  /** The earliest due time; Infinity when empty. */
  get nextAtMs(): number {
    return this.#items[0]?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  has(item: T): boolean {
    return item.dueIndex !== -1;
  }

  /** Adds the item, or moves it to its new due time. */
  set(item: T, dueAtMs: number): void {
    item.dueAtMs = dueAtMs;
    if (item.dueIndex === -1) {
      item.dueIndex = this.#items.length;
      this.#items.push(item);
      this.#rise(item);
    } else {
      this.#rise(item);
      this.#sink(item);
    }
  }

  delete(item: T): void {
    const index = item.dueIndex;
    if (index === -1) return;
    item.dueIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    last.dueIndex = index;
    this.#items[index] = last;
    this.#rise(last);
    this.#sink(last);
  }

  /** Removes and returns the earliest item if it is due. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#items[0];
    if (first === undefined || first.dueAtMs > nowMs) return undefined;
    this.delete(first);
    return first;
  }

  values(): readonly T[] {
    return this.#items;
  }

  #rise(item: T): void {
    let index = item.dueIndex;
    while (index > 0) {
      const parent = this.#items[(index - 1) >> 1];
      if (parent === undefined || !isEarlier(item, parent)) break;
      this.#items[index] = parent;
      parent.dueIndex = index;
      index = (index - 1) >> 1;
    }
    this.#items[index] = item;
    item.dueIndex = index;
  }

  #sink(item: T): void {
    const count = this.#items.length;
    let index = item.dueIndex;
    for (let child = 2 * index + 1; child < count; child = 2 * index + 1) {
      let earliest = this.#items[child];
      const sibling = this.#items[child + 1];
      if (earliest === undefined) break;
      if (sibling !== undefined && isEarlier(sibling, earliest)) {
        earliest = sibling;
        child += 1;
      }
      if (!isEarlier(earliest, item)) break;
      this.#items[index] = earliest;
      earliest.dueIndex = index;
      index = child;
    }
    this.#items[index] = item;
    item.dueIndex = index;
  }
}

export function isEarlier(a: Due, b: Due): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.sequence < b.sequence);
}
