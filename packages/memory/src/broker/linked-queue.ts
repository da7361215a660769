/** The links of an item in a linked queue. An item is in one queue at most. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** A queue whose items carry their own links: adding or removing anywhere takes constant time. */
export class LinkedQueue<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  pushBack(item: T): void {
    const last = this.#last;
    item.previous = last;
    if (last === undefined) this.#first = item;
    else last.next = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Inserts before `follower`, or at the end if there is none. */
  insertBefore(follower: T | undefined, item: T): void {
    if (follower === undefined) {
      this.pushBack(item);
      return;
    }
    const previous = follower.previous;
    item.previous = previous;
    item.next = follower;
    follower.previous = item;
    if (previous === undefined) this.#first = item;
    else previous.next = item;
    this.#size += 1;
  }

  /** The item must be in this queue. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    this.#size -= 1;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let item = this.#first; item !== undefined; item = item.next) yield item;
  }
}
