/** A waiting receive. `tryReceive` returns whether it got any message. */
export interface Waiter {
  tryReceive(): boolean;
}

/** Runs a task in a later turn of the event loop. A test without sockets may run it at once. */
export type Defer = (task: () => void) => void;

/**
 * Long polls in order of arrival.
 *
 * A wake-up is deferred by one turn of the event loop for two reasons. First, the messages of one batch then
 * reach one poll together. Second, a poll whose connection has just closed can leave the line first.
 * Otherwise a message handed to it would be lost for its visibility timeout.
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
      // All polls compete for the same messages. If one finds nothing, neither will the others.
      if (!waiter.tryReceive()) return;
      this.#waiters.delete(waiter);
    }
  }
}
