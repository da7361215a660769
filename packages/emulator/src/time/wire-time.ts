import type { VirtualClock } from "./engine-clock.ts";

/**
 * Translates engine time to the clients' time.
 *
 * Clients compare the timestamps they are given with their own clock. After `advance(1 h)` an
 * engine timestamp would lie one hour in their future; what must stay right is the age, so a wire
 * timestamp is the client's present minus the age in engine time.
 */
export class WireTime {
  readonly #clock: Pick<VirtualClock, "aheadMs">;

  constructor(clock: Pick<VirtualClock, "aheadMs">) {
    this.#clock = clock;
  }

  toWireMs(engineMs: number): number {
    return engineMs - this.#clock.aheadMs;
  }

  /** The other way round: a moment that a client names is as far from the engine's present. */
  toEngineMs(wireMs: number): number {
    return wireMs + this.#clock.aheadMs;
  }

  toWireSeconds(engineMs: number): number {
    return Math.floor(this.toWireMs(engineMs) / 1000);
  }
}
