/** A power of two; it doubles as the ids need it. */
const SLOTS = 1_024;

/**
 * Ids that are only added, and forgotten all at once; each comes with its hash. A `Set` would hash each text anew for
 * every look, and leave its tables to the collector, one after the other.
 */
export class RememberedIds {
  /** Where the probing for a hash begins: the number of an id, from 1; 0: none, and the end of the probing. */
  #slots = new Int32Array(SLOTS);
  #ids: string[] = [];
  readonly #hashes: number[] = [];

  get size(): number {
    return this.#ids.length;
  }

  has(id: string, hash: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const number = slots[at] ?? 0;
      if (number === 0) return false;
      if (this.#hashes[number - 1] === hash && this.#ids[number - 1] === id) return true;
    }
  }

  /** An id that is there already is there twice then. */
  add(id: string, hash: number): void {
    this.#ids.push(id);
    this.#hashes.push(hash);
    // Half of the slots stay free, so that most looks end at the first.
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
    let at = hash & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = number;
  }
}
