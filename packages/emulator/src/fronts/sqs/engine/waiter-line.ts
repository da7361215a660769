/** Someone who waits for a message. `tryReceive` says whether it got any. */
export interface Waiter {
  tryReceive(): boolean;
}

/** Runs a task in a later turn of the event loop; a test without sockets may run it at once. */
export type Defer = (task: () => void) => void;

/**
 * Long polls in order of arrival.
 *
 * A wake-up is deferred by one turn of the event loop, for two reasons: the messages of one batch
 * reach one poll together, and a poll whose connection has just been closed gets to say so before a
 * message is handed to it and lost for its visibility timeout.
 */
export class WaiterLine {
  readonly #waiters = new Set<Waiter>();
  readonly #defer: Defer;
  #isWaking = false;

  constructor(defer: Defer) {
    this.#defer = defer;
  }

  get size(): number {
    return this.#waiters.size;
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  wake(): void {
    if (this.#isWaking || this.#waiters.size === 0) return;
    this.#isWaking = true;
    this.#defer(() => {
      this.#isWaking = false;
      this.#serve();
    });
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      // All polls of a queue may have the same messages: where one finds nothing, so do the rest.
      if (!waiter.tryReceive()) return;
      this.#waiters.delete(waiter);
    }
  }
}
