/** What an item of a linked list carries; an item is in one list at most. */
export interface Linked<Item> {
  /** The list's own; undefined at its begin, and in no list. */
  previous: Item | undefined;
  /** The list's own; undefined at its end, and in no list. */
  next: Item | undefined;
}

/**
 * A list whose items carry their own links: constant time to add at the end and to delete anywhere, nothing allocated.
 * A `Set` that items pass through leaves a trail of dead hash tables, which point to each other and keep what passed from
 * the cheap collection of young objects.
 */
export class LinkedList<Item extends Linked<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;

  /** Undefined: it is empty. */
  get first(): Item | undefined {
    return this.#first;
  }

  /** Adds an item at the end; it must be in no list. */
  add(item: Item): void {
    const last = this.#last;
    item.previous = last;
    if (last === undefined) this.#first = item;
    else last.next = item;
    this.#last = item;
  }

  /** Takes an item out; without effect on one that is in no list. */
  delete(item: Item): void {
    const { previous, next } = item;
    if (previous === undefined && this.#first !== item) return;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
  }

  /** What is in it now, in order; later changes do not show. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (let item = this.#first; item !== undefined; item = item.next) items.push(item);
    return items;
  }
}
