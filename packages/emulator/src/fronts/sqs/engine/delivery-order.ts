import type { MessageState, StoredMessage } from "./stored-message.ts";

/** Decides which message a receive gets next. One implementation per kind of queue. */
export interface DeliveryOrder {
  /** The message has just joined the queue, in whatever state. */
  add(message: StoredMessage): void;
  /** The message has left state `from`; its new state is already set. */
  changed(message: StoredMessage, from: MessageState): void;
  /**
   * Offers deliverable messages to `accept` until it has taken `max`. A message that `accept`
   * refuses must not be visible any more when it returns.
   */
  select(max: number, accept: (message: StoredMessage) => boolean): StoredMessage[];
  /** A visible message whose turn it is, without taking it. */
  peek(): StoredMessage | undefined;
  clear(): void;
}
