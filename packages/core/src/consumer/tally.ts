import type { DrainReport } from "../queue-consumer.ts";

/** Counts what became of a consumer's deliveries, for the report of its close. */
export class Tally {
  /** Acked or dead-lettered in the consumer's whole life. */
  handled = 0;
  /** Certainly given back while draining. */
  #released = 0;
  /** In hand while draining, and neither handled nor released. */
  #unsettled = 0;
  /** Parked deliveries that take room: their release is held back here, because the service cannot delay. */
  parked = 0;
  /** True: nothing is parked any more, and what goes back is counted. */
  isDraining = false;

  release(): void {
    if (this.isDraining) this.#released += 1;
  }

  /** Counts a delivery whose message comes again when its lease runs out. */
  leave(): void {
    if (this.isDraining) this.#unsettled += 1;
  }

  report(abandoned: number): DrainReport {
    return { handled: this.handled, released: this.#released, unsettled: this.#unsettled, abandoned };
  }
}
