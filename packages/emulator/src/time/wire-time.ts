import type { VirtualClock } from "./engine-clock.ts";

/**
 * Translates between engine time and the clients' time.
 *
 * Clients compare the timestamps they receive with their own clock. After `advance(1 h)`, an engine timestamp
 * would lie one hour in their future. What must stay right is the age, so a wire timestamp is the client's
 * present minus the age in engine time.
 */
export class WireTime {
  readonly #clock: Pick<VirtualClock, "aheadMs">;

  constructor(clock: Pick<VirtualClock, "aheadMs">) {
    this.#clock = clock;
  }

  toWireMs(engineMs: number): number {
    return engineMs - this.#clock.aheadMs;
  }

  /** The inverse: keeps the distance between the client's timestamp and the present. */
  toEngineMs(wireMs: number): number {
    return wireMs + this.#clock.aheadMs;
  }

  toWireSeconds(engineMs: number): number {
    return Math.floor(this.toWireMs(engineMs) / 1000);
  }
}
