/** Emptied slots at the front that are worth copying the rest for. */
const COMPACT_AT = 1_024;

/** A first-in first-out list without `shift()`, whose cost grows with the length. */
export class Fifo<Item> {
  #slots: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#slots.length - this.#head;
  }

  push(item: Item): void {
    this.#slots.push(item);
  }

  /** Puts items before all others; they keep their order. */
  pushFront(items: readonly Item[]): void {
    this.#slots = [...items, ...this.#slots.slice(this.#head)];
    this.#head = 0;
  }

  peek(): Item | undefined {
    return this.#slots[this.#head];
  }

  take(): Item | undefined {
    if (this.#head === this.#slots.length) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // the list must not keep alive what it gave away
    this.#head += 1;
    if (this.#head === this.#slots.length) {
      this.#slots = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
