import type { VirtualClock } from "./engine-clock.ts";

/**
 * Translates engine time to the clients' time.
 *
 * Clients compare the timestamps they are given with their own clock. After `advance(1 h)` an
 * engine timestamp would lie one hour in their future; what must stay right is the age, so a wire
 * timestamp is the client's present minus the age in engine time.
 */
export class WireTime {
  readonly #clock: Pick<VirtualClock, "now" | "realNow">;

  constructor(clock: Pick<VirtualClock, "now" | "realNow">) {
    this.#clock = clock;
  }

  toWireMs(engineMs: number): number {
    return this.#clock.realNow() + (engineMs - this.#clock.now());
  }

  /** The other way: a moment that a client names, in engine time. */
  toEngineMs(wireMs: number): number {
    return this.#clock.now() + (wireMs - this.#clock.realNow());
  }

  toWireSeconds(engineMs: number): number {
    return Math.floor(this.toWireMs(engineMs) / 1000);
  }
}
