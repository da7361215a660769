import type { MessageState, StoredMessage } from "./stored-message.ts";

type StateCounts = Readonly<Record<Exclude<MessageState, "gone">, number>>;

/** Below this size, removing dead entries is not worth a copy. */
const COMPACT_FROM = 1024;

/**
 * All messages of one mailbox by sequence number. No other code changes a message's state. Numbers only
 * increase, so an array in order of arrival is sorted and a binary search finds a number.
 */
export class MessageShelf {
  /** Sorted. Messages that are gone stay until the next compaction. */
  #messages: StoredMessage[] = [];
  readonly #counts = { scheduled: 0, ready: 0, locked: 0, deferred: 0 };
  #liveCount = 0;
  #bytes = 0;

  get counts(): StateCounts {
    return this.#counts;
  }

  get size(): number {
    return this.#liveCount;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(message: StoredMessage): void {
    this.#messages.push(message);
    this.#liveCount += 1;
    this.#bytes += message.content.sizeBytes;
    this.#count(message.state, 1);
  }

  find(sequenceNumber: number): StoredMessage | undefined {
    const message = this.#messages[this.#placeOf(sequenceNumber)];
    return message?.sequenceNumber === sequenceNumber && message.state !== "gone" ? message : undefined;
  }

  /** Returns at most `max` messages with at least this number that `accept` takes. */
  from(sequenceNumber: number, max: number, accept: (message: StoredMessage) => boolean): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (let place = this.#placeOf(sequenceNumber); found.length < max; place += 1) {
      const message = this.#messages[place];
      if (message === undefined) break;
      if (message.state !== "gone" && accept(message)) found.push(message);
    }
    return found;
  }

  all(): StoredMessage[] {
    return this.#messages.filter((message) => message.state !== "gone");
  }

  setState(message: StoredMessage, to: MessageState): void {
    const from = message.state;
    if (from === to || from === "gone") return;
    message.state = to;
    this.#count(from, -1);
    this.#count(to, 1);
    if (to !== "gone") return;
    this.#liveCount -= 1;
    this.#bytes -= message.content.sizeBytes;
    this.#compact();
  }

  /** Keeps the byte total right when a settlement changes properties. */
  replaceContent(message: StoredMessage, content: StoredMessage["content"]): void {
    this.#bytes += content.sizeBytes - message.content.sizeBytes;
    message.content = content;
  }

  #count(state: MessageState, by: 1 | -1): void {
    if (state !== "gone") this.#counts[state] += by;
  }

  /** Returns the first position whose number is not smaller. */
  #placeOf(sequenceNumber: number): number {
    let low = 0;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const message = this.#messages[middle];
      if (message !== undefined && message.sequenceNumber < sequenceNumber) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Copying only when half of the array is dead keeps the cost amortised. */
  #compact(): void {
    if (this.#messages.length > COMPACT_FROM && this.#messages.length > 2 * this.#liveCount)
      this.#messages = this.all();
  }
}
