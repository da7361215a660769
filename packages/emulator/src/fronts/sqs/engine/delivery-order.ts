import type { MessageState, StoredMessage } from "./stored-message.ts";

/** Decides which message a receive gets next. One implementation per kind of queue. */
export interface DeliveryOrder {
  /** A message has just joined the queue, in any state. */
  add(message: StoredMessage): void;
  /** A message has left state `from`. Its new state is already set. */
  changed(message: StoredMessage, from: MessageState): void;
  /**
   * Offers deliverable messages to `accept` until it has accepted `max`. When `accept` returns false, it must
   * already have made the message invisible.
   */
  select(max: number, accept: (message: StoredMessage) => boolean): StoredMessage[];
  /** Returns the next visible message without taking it. */
  peek(): StoredMessage | undefined;
  clear(): void;
}
