/** Slots that a list starts with, and keeps when it becomes empty. Powers of two: a mask wraps places. */
const FIRST_SLOTS = 16;
const KEPT_SLOTS = 1_024;

/** First-in first-out on a ring: no `shift()`, whose cost grows with length, and no new array when empty. */
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
    this.#skip(1);
    return item;
  }

  /** The item that is `place` places behind the first, if there is one. */
  at(place: number): Item | undefined {
    if (place >= this.#length) return undefined;
    return this.#slots[(this.#head + place) & (this.#slots.length - 1)];
  }

  /** Takes `count` items, which must exist, as one array of that length: adding singly would make several. */
  takeMany(count: number): Item[] {
    const end = this.#head + count;
    const wrapped = Math.max(0, end - this.#slots.length);
    const taken = this.#slots.slice(this.#head, end) as Item[];
    if (wrapped > 0) taken.push(...(this.#slots.slice(0, wrapped) as Item[]));
    this.#slots.fill(undefined, this.#head, end);
    this.#slots.fill(undefined, 0, wrapped);
    this.#skip(count);
    return taken;
  }

  #skip(count: number): void {
    this.#head = (this.#head + count) & (this.#slots.length - 1);
    this.#length -= count;
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS) {
      this.#slots = [];
      this.#head = 0;
    }
  }

  #grow(): void {
    const inOrder = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    inOrder.length = Math.max(FIRST_SLOTS, inOrder.length * 2);
    this.#slots = inOrder;
    this.#head = 0;
  }
}
