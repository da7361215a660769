/** The links that an item of a linked list carries. An item is in one list at most. */
export interface Linked<Item> {
  /** Set by the list. Undefined for its first item, and in no list. */
  previous: Item | undefined;
  /** Set by the list. Undefined for its last item, and in no list. */
  next: Item | undefined;
}

/**
 * A list whose items carry their own links: it adds at the end and deletes anywhere in constant time, and
 * allocates nothing. A `Set` that items pass through leaves a trail of dead hash tables, which point to each
 * other and keep those items from the cheap collection of young objects.
 */
export class LinkedList<Item extends Linked<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;

  /** Undefined: the list is empty. */
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

  /** Takes an item out. No effect on one that is in no list. */
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

  /** The items that are in it now, in order. Later changes do not show. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (let item = this.#first; item !== undefined; item = item.next) items.push(item);
    return items;
  }
}
