import type { EngineTimer } from "../../../time/engine-clock.ts";
import { Deque } from "../../../collections/deque.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { Consumer } from "./consumer.ts";

/**
 * The messages of one ordering key in one subscription, in order of publication.
 *
 * All messages before the cursor have been delivered. Positions stay the same when the head of the lane is
 * cut off, so that the followers of a failed message are found at once.
 */
export class KeyLane {
  readonly key: string;
  readonly #entries = new Deque<BacklogEntry>();
  #base = 0;
  #cursor = 0;
  /** Number of leased messages. */
  outstanding = 0;
  /** The consumer that holds them. No other consumer gets messages of this key meanwhile. */
  owner: Consumer | undefined;
  /** Counts how often the lane was queued. Older tickets are void. */
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

  /** Returns the next message without taking it. */
  next(): BacklogEntry | undefined {
    for (;;) {
      const entry = this.#entries.at(this.#cursor - this.#base);
      if (entry === undefined || entry.state === "ready") return entry;
      this.#cursor += 1;
    }
  }

  /** Moves the cursor past a delivered message. */
  pass(entry: BacklogEntry): void {
    this.#cursor = entry.position + 1;
  }

  /** Moves the cursor back to a failed message. Returns the later messages that had been delivered. */
  rewind(entry: BacklogEntry): readonly BacklogEntry[] {
    const followers = this.behind(entry);
    this.#cursor = Math.min(this.#cursor, entry.position);
    return followers;
  }

  /** The later messages that have been delivered. */
  behind(entry: BacklogEntry): readonly BacklogEntry[] {
    const followers: BacklogEntry[] = [];
    for (let position = entry.position + 1; position < this.#cursor; position += 1) {
      const follower = this.#entries.at(position - this.#base);
      if (follower !== undefined) followers.push(follower);
    }
    return followers;
  }

  /** Cuts off the finished head. Calls `forget` for messages that were kept only in case of a failure. */
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
