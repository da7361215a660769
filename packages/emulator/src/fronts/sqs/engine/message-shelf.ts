import type { EngineClock } from "../../../time/engine-clock.ts";
import type { DeliveryOrder } from "./delivery-order.ts";
import type { MessageState, StoredMessage } from "./stored-message.ts";

export type MessageCounts = Readonly<Record<Exclude<MessageState, "gone">, number>>;

/**
 * The messages of one queue with their states and timers. No other code changes a message's state. Calls
 * `onAvailable` whenever a receive may find something that it would not have found before.
 */
export class MessageShelf {
  readonly #clock: EngineClock;
  readonly #order: DeliveryOrder;
  readonly #onAvailable: () => void;
  readonly #messages = new Map<string, StoredMessage>();
  readonly #counts = { delayed: 0, visible: 0, inFlight: 0 };
  #retentionMs: number;

  constructor(clock: EngineClock, order: DeliveryOrder, retentionMs: number, onAvailable: () => void) {
    this.#clock = clock;
    this.#order = order;
    this.#retentionMs = retentionMs;
    this.#onAvailable = onAvailable;
  }

  get counts(): MessageCounts {
    return this.#counts;
  }

  get(messageId: string): StoredMessage | undefined {
    return this.#messages.get(messageId);
  }

  all(): readonly StoredMessage[] {
    return [...this.#messages.values()];
  }

  setRetention(retentionMs: number): void {
    if (retentionMs === this.#retentionMs) return;
    this.#retentionMs = retentionMs;
    for (const message of this.#messages.values()) this.#armRetention(message);
  }

  add(message: StoredMessage, delayMs: number): void {
    this.#messages.set(message.id, message);
    this.#count(message.state, 1);
    this.#order.add(message);
    this.#armRetention(message);
    if (delayMs > 0) this.#armVisible(message, delayMs);
    else this.#onAvailable();
  }

  /** Offers visible messages in the queue's order; see `DeliveryOrder.select`. */
  select(max: number, accept: (message: StoredMessage) => boolean): StoredMessage[] {
    return this.#order.select(max, accept);
  }

  peekVisible(): StoredMessage | undefined {
    return this.#order.peek();
  }

  putInFlight(message: StoredMessage): void {
    this.#setState(message, "inFlight");
  }

  /** Hides a message for a time; 0 makes it visible at once. */
  hideFor(message: StoredMessage, visibilityMs: number): void {
    this.#disarm(message);
    if (visibilityMs === 0) this.#setState(message, "visible");
    else this.#armVisible(message, visibilityMs);
  }

  remove(message: StoredMessage): void {
    this.#disarm(message);
    if (message.retentionTimer !== undefined) this.#clock.cancel(message.retentionTimer);
    message.retentionTimer = undefined;
    this.#messages.delete(message.id);
    this.#setState(message, "gone");
  }

  clear(): void {
    for (const message of this.#messages.values()) this.remove(message);
    this.#order.clear();
  }

  #armVisible(message: StoredMessage, afterMs: number): void {
    message.timer = this.#clock.at(this.#clock.now() + afterMs, () => {
      message.timer = undefined;
      this.#setState(message, "visible");
    });
  }

  #armRetention(message: StoredMessage): void {
    if (message.retentionTimer !== undefined) this.#clock.cancel(message.retentionTimer);
    message.retentionTimer = this.#clock.at(message.sentAtMs + this.#retentionMs, () => {
      this.remove(message);
    });
  }

  #disarm(message: StoredMessage): void {
    if (message.timer !== undefined) this.#clock.cancel(message.timer);
    message.timer = undefined;
  }

  #setState(message: StoredMessage, to: MessageState): void {
    const from = message.state;
    if (from === to || from === "gone") return;
    message.state = to;
    this.#count(from, -1);
    this.#count(to, 1);
    this.#order.changed(message, from);
    // A message that is gone may have blocked others of its group.
    if (to !== "inFlight") this.#onAvailable();
  }

  #count(state: MessageState, by: 1 | -1): void {
    if (state !== "gone") this.#counts[state] += by;
  }
}
