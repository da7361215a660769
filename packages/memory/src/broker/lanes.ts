import { KeyGroup } from "./key-group.ts";
import type { ReadyEntry, ReadyOrder } from "./ready-order.ts";
import { StoredMessage } from "./stored-message.ts";

/** Decides which message is handed over next: keeps the order and hands over one key at a time. */
export class Lanes {
  readonly #ready: ReadyOrder;
  readonly #keepsKeys: boolean;
  readonly #groups = new Map<string, KeyGroup>();
  #lastPlace = 0;

  /** `keepsKeys: false` means that ordering keys are data only. */
  constructor(ready: ReadyOrder, keepsKeys: boolean) {
    this.#ready = ready;
    this.#keepsKeys = keepsKeys;
  }

  /** Does not count messages that wait behind a held key. */
  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Keys that have a message here. */
  get keyCount(): number {
    return this.#groups.size;
  }

  /** Gives a visible message its place behind all others. */
  join(message: StoredMessage): void {
    const key = this.#keepsKeys ? message.content.orderingKey : undefined;
    if (key === undefined) {
      this.#ready.addBack(message);
      return;
    }
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new KeyGroup(key);
      this.#groups.set(key, group);
    }
    this.#lastPlace += 1;
    message.place = this.#lastPlace;
    message.group = group;
    group.waiting.pushBack(message);
    this.#update(group, false);
  }

  /**
   * Takes up to `maxItems` messages to lease. Every free key first gives its oldest message, so that a long
   * key does not keep others waiting. If room is left, the keys give more in turn.
   */
  take(maxItems: number): readonly StoredMessage[] {
    const taken: StoredMessage[] = [];
    let groups: KeyGroup[] = [];
    while (taken.length < maxItems) {
      const entry = this.#ready.take();
      if (entry === undefined) break;
      if (entry instanceof KeyGroup) {
        entry.isReady = false;
        groups.push(entry);
        takeHead(entry, taken);
      } else {
        taken.push(entry);
      }
    }
    while (groups.length > 0 && taken.length < maxItems) {
      groups = groups.filter((group) => taken.length < maxItems && takeHead(group, taken));
    }
    return taken;
  }

  /** Puts a message back after a lease: a keyed one into its place. A delayed one holds its key there. */
  putBack(message: StoredMessage, isFirst: boolean): void {
    const { group } = message;
    if (group !== undefined) {
      group.leasedCount -= 1;
      group.putBack(message);
      this.#update(group, isFirst);
    } else if (message.state === "visible") {
      this.#makeReady(message, isFirst);
    }
  }

  /** Makes a message available again when the delay after its release is over. */
  wake(message: StoredMessage): void {
    if (message.group === undefined) this.#ready.addBack(message);
    else this.#update(message.group, false);
  }

  /** Removes a message for good. Its `state` must still be the old one. */
  remove(message: StoredMessage): void {
    const { group, state } = message;
    if (group === undefined) {
      if (state === "visible") this.#ready.remove(message);
      return;
    }
    if (state === "leased") group.leasedCount -= 1;
    else group.waiting.remove(message);
    message.group = undefined;
    this.#update(group, false);
  }

  /** Visible messages, and delayed ones that have a key. */
  *messages(): Iterable<StoredMessage> {
    for (const entry of this.#ready.values()) if (entry instanceof StoredMessage) yield entry;
    for (const group of this.#groups.values()) yield* group.waiting;
  }

  #update(group: KeyGroup, isFirst: boolean): void {
    if (group.canDeliver !== group.isReady) {
      group.isReady = !group.isReady;
      if (group.isReady) this.#makeReady(group, isFirst);
      else this.#ready.remove(group);
    }
    if (group.isEmpty) this.#groups.delete(group.key);
  }

  #makeReady(entry: ReadyEntry, isFirst: boolean): void {
    if (isFirst) this.#ready.addFront(entry);
    else this.#ready.addBack(entry);
  }
}

/** Returns false if the key has nothing more to give now. */
function takeHead(group: KeyGroup, taken: StoredMessage[]): boolean {
  const head = group.waiting.first;
  if (head === undefined || head.state !== "visible") return false;
  group.waiting.remove(head);
  group.leasedCount += 1;
  taken.push(head);
  return true;
}
