import type { Subscription } from "../engine/subscription.ts";
import { pushError } from "../operations/message-operations.ts";
import { PushDeliverer, type PushParts } from "./push-deliverer.ts";

/** Starts and stops pushing as subscriptions are created, deleted and changed. */
export class PushDispatcher {
  readonly #parts: PushParts;
  readonly #deliverers = new Map<Subscription, PushDeliverer>();

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** `isAlive` is false for a subscription that was deleted. */
  update(subscription: Subscription, isAlive: boolean): void {
    const isWanted = isAlive && subscription.isPush && !subscription.resource.detached;
    const running = this.#deliverers.get(subscription);
    if (isWanted === (running !== undefined)) {
      running?.settingsChanged();
    } else if (running === undefined) {
      // A subscription is either pulled from or pushed, so this ends every pull.
      subscription.sendAway(pushError());
      this.#deliverers.set(subscription, new PushDeliverer(subscription, this.#parts));
    } else {
      this.#deliverers.delete(subscription);
      running.stop();
    }
  }

  stop(): void {
    for (const deliverer of this.#deliverers.values()) deliverer.stop();
    this.#deliverers.clear();
    this.#parts.connections.close();
  }
}
