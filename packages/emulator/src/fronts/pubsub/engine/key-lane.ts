import type { EngineTimer } from "../../../time/engine-clock.ts";
import { Deque } from "../../../collections/deque.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { Consumer } from "./consumer.ts";

/**
 * The messages of one ordering key in one subscription, in the order in which they were published.
 *
 * Everything before the cursor has been delivered. Messages are numbered by their place, and the
 * numbers stay when the head of the lane is cut off, so that a failure finds its followers at once.
 */
export class KeyLane {
  readonly key: string;
  readonly #entries = new Deque<BacklogEntry>();
  #base = 0;
  #cursor = 0;
  /** Leased messages. */
  outstanding = 0;
  /** Who holds them: nobody else gets any of this key meanwhile. */
  owner: Consumer | undefined;
  /** Counts the times that the lane was put into a line of ready things; older tickets are void. */
  ticket = 0;
  /** Set while the key backs off after a failure. */
  retryTimer: EngineTimer | undefined;

  constructor(key: string) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  add(entry: BacklogEntry): void {
    entry.position = this.#base + this.#entries.size;
    this.#entries.push(entry);
  }

  /** The message that comes next, without taking it. */
  next(): BacklogEntry | undefined {
    for (;;) {
      const entry = this.#entries.at(this.#cursor - this.#base);
      if (entry === undefined || entry.state === "ready") return entry;
      this.#cursor += 1;
    }
  }

  /** Moves on past a message that has been delivered. */
  pass(entry: BacklogEntry): void {
    this.#cursor = entry.position + 1;
  }

  /** Goes back to a message that failed. Returns those after it that had been delivered. */
  rewind(entry: BacklogEntry): readonly BacklogEntry[] {
    const followers: BacklogEntry[] = [];
    for (let position = entry.position + 1; position < this.#cursor; position += 1) {
      const follower = this.#entries.at(position - this.#base);
      if (follower !== undefined) followers.push(follower);
    }
    this.#cursor = Math.min(this.#cursor, entry.position);
    return followers;
  }

  /** Cuts off the finished head. `forget` is told of messages that were only kept for a failure. */
  trim(forget: (entry: BacklogEntry) => void): void {
    for (let head = this.#entries.at(0); head !== undefined; head = this.#entries.at(0)) {
      if (head.state !== "settled" && head.state !== "gone") return;
      if (head.state === "settled") forget(head);
      this.#entries.shift();
      this.#base += 1;
      this.#cursor = Math.max(this.#cursor, this.#base);
    }
  }
}
