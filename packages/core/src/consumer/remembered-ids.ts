/** Slots at first: a power of two, doubled as ids are added. */
const SLOTS = 1_024;
/** 2^32 divided by the golden ratio: the upper bits of its multiples are spread evenly. */
export const SPREAD = 0x9e_37_79_b1;

/**
 * Ids, each with its hash, that are only added, and forgotten all at once. A `Set` would hash each string
 * again for every lookup, and leave one table after the other to the garbage collector.
 */
export class RememberedIds {
  /** Probed from the slot of a hash: each holds an id's number, from 1. A 0 is free and ends the probing. */
  #slots = new Int32Array(SLOTS);
  #ids: string[] = [];
  readonly #hashes: number[] = [];

  get size(): number {
    return this.#ids.length;
  }

  has(id: string, hash: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = slotOf(hash) & mask; ; at = (at + 1) & mask) {
      const number = slots[at] ?? 0;
      if (number === 0) return false;
      if (this.#hashes[number - 1] === hash && this.#ids[number - 1] === id) return true;
    }
  }

  /** Does not check for duplicates: an id that is added again is stored twice. */
  add(id: string, hash: number): void {
    this.#ids.push(id);
    this.#hashes.push(hash);
    // Half of the slots stay free, so that most lookups end at the first.
    if (this.size * 2 > this.#slots.length) this.#grow();
    else this.#place(hash, this.size);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#ids = [];
    this.#hashes.length = 0;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    let number = 0;
    for (const hash of this.#hashes) this.#place(hash, (number += 1));
  }

  #place(hash: number, number: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = slotOf(hash) & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = number;
  }
}

/**
 * Sixteen hashes that follow each other have slots that do, in one line of memory. Longer runs are scattered:
 * where two of them met, a lookup would go through all of one.
 */
function slotOf(hash: number): number {
  return ((Math.imul(hash >>> 4, SPREAD) >>> 12) << 4) | (hash & 15);
}
