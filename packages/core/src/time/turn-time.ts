import type { Clock } from "./clock.ts";
import { soon } from "./soon.ts";

/**
 * The time of this turn: reads the clock once for all until promises resume, as a reading costs as much as a
 * promise. It lags by what the turn has taken so far, at most: use it for distant deadlines.
 */
export class TurnTime {
  readonly #clock: Pick<Clock, "now">;
  #nowMs: number | undefined;

  constructor(clock: Pick<Clock, "now">) {
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
