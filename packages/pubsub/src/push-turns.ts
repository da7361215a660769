import type { Clock } from "@anyqueue/core/adapter";
import { inTime } from "./in-time.ts";

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
    const isOver = before?.then(() => true);
    if (isOver === undefined || (await inTime(this.#clock, withinMs, isOver)) === true) return resolve;
    resolve();
    return undefined;
  }
}
