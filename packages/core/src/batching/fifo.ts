/** Slots that a list begins with, and keeps when it runs empty. Powers of two: places wrap by a mask. */
const FIRST_SLOTS = 16;
const KEPT_SLOTS = 1_024;

/** A first-in first-out list on a ring: no `shift()`, whose cost grows with the length, and no new array when it runs empty. */
export class Fifo<Item> {
  #slots: (Item | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** Puts items before all others; they keep their order. */
  pushFront(items: readonly Item[]): void {
    for (const item of items.toReversed()) {
      if (this.#length === this.#slots.length) this.#grow();
      this.#head = (this.#head - 1) & (this.#slots.length - 1);
      this.#slots[this.#head] = item;
      this.#length += 1;
    }
  }

  peek(): Item | undefined {
    return this.#slots[this.#head];
  }

  take(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // the list must not keep alive what it gave away
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS) {
      this.#slots = [];
      this.#head = 0;
    }
    return item;
  }

  #grow(): void {
    const inOrder = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    inOrder.length = Math.max(FIRST_SLOTS, inOrder.length * 2);
    this.#slots = inOrder;
    this.#head = 0;
  }
}
