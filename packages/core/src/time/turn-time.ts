import type { Clock } from "./clock.ts";
import { soon } from "./soon.ts";

/**
 * The time of this turn: one look at the clock for all that happens until what waits for promises runs. A look takes as
 * long as a promise. Early at most by what the turn has taken so far, so it is for times that end something late.
 */
export class TurnTime {
  readonly #clock: Clock;
  #nowMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    if (this.#nowMs !== undefined) return this.#nowMs;
    this.#nowMs = this.#clock.now();
    soon(this.#forget);
    return this.#nowMs;
  }

  readonly #forget = (): void => {
    this.#nowMs = undefined;
  };
}
