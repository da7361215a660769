/** Choices that depend only on a seed. */
export class SeededChoice {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not start with the same choices.
    this.#state = Math.imul(seed ^ 0x9e_37_79_b9, 0x85_eb_ca_6b) >>> 0;
  }

  /** From 0, below 1. */
  next(): number {
    // A linear congruential generator suffices here: the constants of Numerical Recipes, and the high bits.
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state >>> 8) / 16_777_216;
  }

  /** A whole number, both ends included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  of<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.whole(0, items.length - 1)] ?? items[0];
  }
}
