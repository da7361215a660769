import { Deque } from "../../../collections/deque.ts";
import type { DeliveryOrder } from "./delivery-order.ts";
import type { MessageState, StoredMessage } from "./stored-message.ts";

// A tenant (message group of a standard queue) is noisy when it holds more than a tenth of the messages in
// flight. Below 30 messages the share is not meaningful.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html (2026-11-24)
const NOISY_SHARE = 0.1;
const NOISY_MIN_IN_FLIGHT = 30;

/**
 * Order of a standard queue: first visible, first served. A noisy tenant's backlog waits while other tenants
 * have messages. Messages without a group are never noisy.
 */
export class FairLine implements DeliveryOrder {
  readonly #line = new Deque<StoredMessage>();
  /** Messages of noisy tenants that were passed over, oldest first. */
  readonly #passedOver = new Deque<StoredMessage>();
  readonly #inFlightByGroup = new Map<string, number>();
  #inFlight = 0;

  add(message: StoredMessage): void {
    if (message.state === "visible") this.#line.push(message);
  }

  changed(message: StoredMessage, from: MessageState): void {
    if (from === "inFlight") this.#countInFlight(message, -1);
    if (message.state === "inFlight") this.#countInFlight(message, 1);
    if (message.state === "visible") this.#line.push(message);
    if (message.state === "gone") this.#trim();
  }

  select(max: number, accept: (message: StoredMessage) => boolean): StoredMessage[] {
    const selected: StoredMessage[] = [];
    while (selected.length < max) {
      const message = this.#next();
      if (message === undefined) break;
      if (accept(message)) selected.push(message);
    }
    return selected;
  }

  peek(): StoredMessage | undefined {
    return firstVisible(this.#passedOver) ?? firstVisible(this.#line);
  }

  clear(): void {
    this.#line.clear();
    this.#passedOver.clear();
    this.#inFlightByGroup.clear();
    this.#inFlight = 0;
  }

  #next(): StoredMessage | undefined {
    const waiting = firstVisible(this.#passedOver);
    if (waiting !== undefined && !this.#isNoisy(waiting)) return this.#passedOver.shift();
    for (;;) {
      const message = firstVisible(this.#line);
      if (message === undefined) break;
      this.#line.shift();
      if (!this.#isNoisy(message)) return message;
      this.#passedOver.push(message);
    }
    return firstVisible(this.#passedOver) === undefined ? undefined : this.#passedOver.shift();
  }

  /** Drops messages that expired or were moved unread. A queue that nobody reads would keep them. */
  #trim(): void {
    firstVisible(this.#line);
    firstVisible(this.#passedOver);
  }

  #isNoisy(message: StoredMessage): boolean {
    const group = message.content.groupId;
    if (group === undefined) return false;
    const held = this.#inFlightByGroup.get(group) ?? 0;
    return held >= NOISY_MIN_IN_FLIGHT && held > this.#inFlight * NOISY_SHARE;
  }

  #countInFlight(message: StoredMessage, by: 1 | -1): void {
    this.#inFlight += by;
    const group = message.content.groupId;
    if (group === undefined) return;
    const held = (this.#inFlightByGroup.get(group) ?? 0) + by;
    if (held > 0) this.#inFlightByGroup.set(group, held);
    else this.#inFlightByGroup.delete(group);
  }
}

/** Drops entries whose message was deleted or hidden after it was added to the line. */
function firstVisible(line: Deque<StoredMessage>): StoredMessage | undefined {
  for (;;) {
    const message = line.at(0);
    if (message === undefined || message.state === "visible") return message;
    line.shift();
  }
}
