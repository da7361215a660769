import type { DrainReport } from "../queue-consumer.ts";

/** What became of the deliveries of a consumer, for the report of its close. */
export class Tally {
  /** Acked or dead-lettered, in its whole life. */
  handled = 0;
  /** Given back while draining, for sure. */
  #released = 0;
  /** In hand while draining, and neither. */
  #unsettled = 0;
  /** Of what takes room, held back here before its release: what the service cannot delay. */
  parked = 0;
  /** From now on nothing is parked, and what goes back is counted. */
  isDraining = false;

  release(): void {
    if (this.isDraining) this.#released += 1;
  }

  /** It comes again when its lease runs out. */
  leave(): void {
    if (this.isDraining) this.#unsettled += 1;
  }

  report(abandoned: number): DrainReport {
    return { handled: this.handled, released: this.#released, unsettled: this.#unsettled, abandoned };
  }
}
