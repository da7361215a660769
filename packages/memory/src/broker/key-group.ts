import { LinkedQueue, type Linked } from "./linked-queue.ts";
import type { StoredMessage } from "./stored-message.ts";

/** The messages of one ordering key in one mailbox, in send order. */
export class KeyGroup implements Linked<KeyGroup> {
  readonly key: string;
  /** Visible and delayed messages, oldest first. */
  readonly waiting: LinkedQueue<StoredMessage> = new LinkedQueue();
  /** Leased messages of this key; no other message is handed over until it is zero again. */
  leasedCount = 0;
  readyStamp = 0;
  /** Index in a shuffled order; -1 while the group is not ready. */
  readyIndex = -1;
  isReady = false;
  previous: KeyGroup | undefined = undefined;
  next: KeyGroup | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** True if the oldest message may be handed over. A delayed head holds back its followers. */
  get canDeliver(): boolean {
    return this.leasedCount === 0 && this.hasVisibleHead;
  }

  get hasVisibleHead(): boolean {
    return this.waiting.first?.state === "visible";
  }

  get isEmpty(): boolean {
    return this.leasedCount === 0 && this.waiting.size === 0;
  }

  /** Puts a message back in its place: before the first one that was sent after it. */
  putBack(message: StoredMessage): void {
    let follower = this.waiting.first;
    while (follower !== undefined && follower.place < message.place) follower = follower.next;
    this.waiting.insertBefore(follower, message);
  }
}
