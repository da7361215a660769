import { KeyGroup } from "./key-group.ts";
import { LinkedQueue, type Linked } from "./linked-queue.ts";
import type { StoredMessage } from "./stored-message.ts";

/** What can be handed over: a message without a key, or a key whose oldest message is free. */
export type ReadyEntry = StoredMessage | KeyGroup;

/** The order in which ready entries are handed over. An entry is in it at most once. */
export interface ReadyOrder {
  readonly size: number;
  addBack(entry: ReadyEntry): void;
  addFront(entry: ReadyEntry): void;
  /** The entry must be in it. */
  remove(entry: ReadyEntry): void;
  take(): ReadyEntry | undefined;
  values(): Iterable<ReadyEntry>;
}

/** Entries put in front have lower stamps than entries added at the back. */
const IN_FRONT = -Number.MAX_SAFE_INTEGER;

/**
 * First ready, first out. Entries put in front go before all others, in the order of sending. There are two
 * queues, since messages and keys can only link to their own kind; the stamps merge the two.
 */
export class FirstReadyFirst implements ReadyOrder {
  readonly #messages = new LinkedQueue<StoredMessage>();
  readonly #groups = new LinkedQueue<KeyGroup>();
  #lastStamp = 0;

  get size(): number {
    return this.#messages.size + this.#groups.size;
  }

  addBack(entry: ReadyEntry): void {
    this.#lastStamp += 1;
    entry.readyStamp = this.#lastStamp;
    if (entry instanceof KeyGroup) this.#groups.pushBack(entry);
    else this.#messages.pushBack(entry);
  }

  addFront(entry: ReadyEntry): void {
    if (entry instanceof KeyGroup) {
      entry.readyStamp = IN_FRONT + (entry.waiting.first?.sequence ?? 0);
      insertByStamp(this.#groups, entry);
    } else {
      entry.readyStamp = IN_FRONT + entry.sequence;
      insertByStamp(this.#messages, entry);
    }
  }

  remove(entry: ReadyEntry): void {
    if (entry instanceof KeyGroup) this.#groups.remove(entry);
    else this.#messages.remove(entry);
  }

  take(): ReadyEntry | undefined {
    const message = this.#messages.first;
    const group = this.#groups.first;
    if (group !== undefined && (message === undefined || group.readyStamp < message.readyStamp)) {
      this.#groups.remove(group);
      return group;
    }
    if (message !== undefined) this.#messages.remove(message);
    return message;
  }

  *values(): Iterable<ReadyEntry> {
    yield* this.#messages;
    yield* this.#groups;
  }
}

function insertByStamp<Entry extends Linked<Entry> & { readonly readyStamp: number }>(
  queue: LinkedQueue<Entry>,
  entry: Entry,
): void {
  let follower = queue.first;
  while (follower !== undefined && follower.readyStamp < entry.readyStamp) follower = follower.next;
  queue.insertBefore(follower, entry);
}

/** Hands over ready entries in any order, like a distributed queue; the seed decides. Keys stay in order. */
export class ShuffledReady implements ReadyOrder {
  readonly #entries: ReadyEntry[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#entries.length;
  }

  addBack(entry: ReadyEntry): void {
    entry.readyIndex = this.#entries.length;
    this.#entries.push(entry);
  }

  addFront(entry: ReadyEntry): void {
    this.addBack(entry);
  }

  remove(entry: ReadyEntry): void {
    const last = this.#entries.pop();
    if (last !== undefined && last !== entry) {
      last.readyIndex = entry.readyIndex;
      this.#entries[entry.readyIndex] = last;
    }
    entry.readyIndex = -1;
  }

  take(): ReadyEntry | undefined {
    const entry = this.#entries[Math.floor(this.#random() * this.#entries.length)];
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  values(): Iterable<ReadyEntry> {
    return this.#entries;
  }
}
