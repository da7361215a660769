import { seededRandom } from "@anyqueue/core/testing";

/** Choices that depend only on a seed. */
export class SeededChoice {
  /** At least 0 and below 1. */
  readonly next: () => number;

  /** @param seed a whole number from 0 to 4294967295 */
  constructor(seed: number) {
    // Neighbouring seeds must not start with similar choices.
    this.next = seededRandom(Math.imul(seed ^ 0x9e_37_79_b9, 0x85_eb_ca_6b));
  }

  /** A whole number from `min` to `max`, inclusive. */
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
