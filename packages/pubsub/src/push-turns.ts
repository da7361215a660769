import type { Clock } from "@anyqueue/core/adapter";

/** Ends a turn; the next one begins. */
export type EndTurn = () => void;

/** Gives turns: one at a time for each key, in the order of the requests. */
export class PushTurns {
  readonly #clock: Clock;
  /** By key: resolves when all who asked so far are done. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns undefined if the turn did not come in time; later callers wait for the same predecessors */
  async take(key: string, withinMs: number | undefined): Promise<EndTurn | undefined> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    const tail = before === undefined ? promise : before.then(async () => await promise);
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    if (before === undefined || (await this.#isOver(before, withinMs))) return resolve;
    resolve();
    return undefined;
  }

  async #isOver(before: Promise<void>, withinMs: number | undefined): Promise<boolean> {
    if (withinMs === undefined) {
      await before;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#clock.setTimer(() => resolve(false), withinMs, true);
    void before.then(() => resolve(true));
    const isOver = await promise;
    timer.cancel();
    return isOver;
  }
}
