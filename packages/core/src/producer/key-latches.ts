import type { QueueError } from "../errors/queue-error.ts";

interface Latch {
  /** The failed send. */
  fromSeq: number;
  /** Last send that the latch refuses; Infinity until `resume`. */
  untilSeq: number;
  readonly error: QueueError;
}

/**
 * Ordering keys whose order a failed send broke. Every later send of such a key is refused until the application
 * says `resume`; those that were accepted before it stay refused, because they would overtake the failed one.
 */
export class KeyLatches {
  readonly #latches = new Map<string, Latch>();

  /** `seq` is the number of the failed send; numbers grow with each send of the producer. */
  latch(key: string, seq: number, error: QueueError): void {
    const known = this.#latches.get(key);
    if (known === undefined || known.untilSeq !== Infinity) {
      this.#latches.set(key, { fromSeq: seq, untilSeq: Infinity, error });
    } else {
      known.fromSeq = Math.min(known.fromSeq, seq);
    }
  }

  /** `lastSeq`: the last send accepted so far. */
  resume(key: string, lastSeq: number): void {
    const latch = this.#latches.get(key);
    if (latch !== undefined && latch.untilSeq === Infinity) latch.untilSeq = lastSeq;
  }

  /** The failure that keeps this send from going out; undefined: it may go. */
  failureBefore(key: string | undefined, seq: number): QueueError | undefined {
    if (key === undefined || this.#latches.size === 0) return undefined;
    const latch = this.#latches.get(key);
    return latch !== undefined && seq > latch.fromSeq && seq <= latch.untilSeq ? latch.error : undefined;
  }
}
