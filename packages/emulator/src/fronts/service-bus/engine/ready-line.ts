import { Deque } from "../../../collections/deque.ts";
import { SequenceHeap } from "./sequence-heap.ts";
import type { StoredMessage } from "./stored-message.ts";

/**
 * Messages that may be delivered, by sequence number. Fresh ones arrive in order and wait in a deque. Those
 * that come back from a lock wait in a heap, because they belong in front of later ones.
 *
 * A message that expires or is deleted while it waits stays in the line and is skipped.
 */
export class ReadyLine {
  readonly #fresh = new Deque<StoredMessage>();
  readonly #returned = new SequenceHeap<StoredMessage>();

  push(message: StoredMessage): void {
    this.#fresh.push(message);
  }

  putBack(message: StoredMessage): void {
    this.#returned.push(message);
  }

  peek(): StoredMessage | undefined {
    this.trim();
    const fresh = this.#fresh.at(0);
    const returned = this.#returned.peek();
    if (fresh === undefined || returned === undefined) return fresh ?? returned;
    return returned.sequenceNumber < fresh.sequenceNumber ? returned : fresh;
  }

  shift(): StoredMessage | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    return first === this.#fresh.at(0) ? this.#fresh.shift() : this.#returned.pop();
  }

  /** Drops messages at the head that are gone. Otherwise a line that nobody reads would keep them. */
  trim(): void {
    while (this.#fresh.at(0)?.state === "gone") this.#fresh.shift();
    while (this.#returned.peek()?.state === "gone") this.#returned.pop();
  }
}
