/** One entry of the heap. `index` is its position in the array, or -1 once it was removed. */
export interface HeapTimer {
  readonly dueMs: number;
  readonly task: () => void;
  /** Breaks ties: timers due in the same millisecond fire in the order they were set. */
  readonly order: number;
  index: number;
}

/**
 * Binary min-heap of timers that really removes entries.
 *
 * A message that is deleted after a millisecond may have had a visibility timeout of twelve hours. A heap
 * that only skips dead entries would keep its body that long.
 */
export class TimerHeap {
  readonly #entries: HeapTimer[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#entries.length;
  }

  peek(): HeapTimer | undefined {
    return this.#entries[0];
  }

  push(dueMs: number, task: () => void): HeapTimer {
    const timer: HeapTimer = { dueMs, task, order: this.#nextOrder++, index: this.#entries.length };
    this.#entries.push(timer);
    this.#siftUp(timer);
    return timer;
  }

  pop(): HeapTimer | undefined {
    const first = this.#entries[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(timer: HeapTimer): void {
    const hole = timer.index;
    if (hole < 0) return;
    timer.index = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === timer) return;
    this.#place(last, hole);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  clear(): void {
    for (const timer of this.#entries) timer.index = -1;
    this.#entries.length = 0;
  }

  #siftUp(timer: HeapTimer): void {
    while (timer.index > 0) {
      const parentIndex = (timer.index - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || isBefore(parent, timer)) return;
      this.#place(parent, timer.index);
      this.#place(timer, parentIndex);
    }
  }

  #siftDown(timer: HeapTimer): void {
    for (;;) {
      const child = this.#smallerChild(timer.index);
      if (child === undefined || isBefore(timer, child)) return;
      const childIndex = child.index;
      this.#place(child, timer.index);
      this.#place(timer, childIndex);
    }
  }

  #smallerChild(index: number): HeapTimer | undefined {
    const left = this.#entries[2 * index + 1];
    const right = this.#entries[2 * index + 2];
    if (left === undefined || right === undefined) return left;
    return isBefore(left, right) ? left : right;
  }

  #place(timer: HeapTimer, index: number): void {
    this.#entries[index] = timer;
    timer.index = index;
  }
}

function isBefore(left: HeapTimer, right: HeapTimer): boolean {
  return left.dueMs === right.dueMs ? left.order < right.order : left.dueMs < right.dueMs;
}
