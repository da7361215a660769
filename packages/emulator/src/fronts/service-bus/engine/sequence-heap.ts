/** The sort key of the heap. */
interface Numbered {
  readonly sequenceNumber: number;
}

/** Binary min-heap by sequence number. */
export class SequenceHeap<Item extends Numbered> {
  readonly #items: Item[] = [];

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    let place = this.#items.push(item) - 1;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#items[parentPlace];
      if (parent === undefined || parent.sequenceNumber <= item.sequenceNumber) break;
      this.#items[place] = parent;
      place = parentPlace;
    }
    this.#items[place] = item;
  }

  pop(): Item | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first;
  }

  #sink(item: Item): void {
    let place = 0;
    for (;;) {
      const childPlace = this.#smallerChild(place);
      const child = this.#items[childPlace];
      if (child === undefined || child.sequenceNumber >= item.sequenceNumber) break;
      this.#items[place] = child;
      place = childPlace;
    }
    this.#items[place] = item;
  }

  #smallerChild(place: number): number {
    const left = 2 * place + 1;
    const leftItem = this.#items[left];
    const rightItem = this.#items[left + 1];
    if (leftItem === undefined || rightItem === undefined) return left;
    return leftItem.sequenceNumber <= rightItem.sequenceNumber ? left : left + 1;
  }
}
