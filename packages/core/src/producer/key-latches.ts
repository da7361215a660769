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
  /** In the order of their resumption. They go when all that they refuse has been refused. */
  readonly #resumed = new Map<string, Latch>();

  /** `seq` is the number of the failed send; numbers grow with each send of the producer. */
  latch(key: string, seq: number, error: QueueError): void {
    const known = this.#latches.get(key);
    if (known === undefined) this.#latches.set(key, { fromSeq: seq, untilSeq: Infinity, error });
    else known.fromSeq = Math.min(known.fromSeq, seq);
  }

  /** `lastSeq`: the last send accepted so far; `openSeq`: the first that is not settled, Infinity if all are. */
  resume(key: string, lastSeq: number, openSeq: number): void {
    const latch = this.#latches.get(key);
    if (latch !== undefined) {
      this.#latches.delete(key);
      this.#resumed.delete(key);
      latch.untilSeq = lastSeq;
      this.#resumed.set(key, latch);
    }
    for (const [old, { untilSeq }] of this.#resumed) {
      if (untilSeq >= openSeq) break;
      this.#resumed.delete(old);
    }
  }

  /** Keys that it knows. */
  get size(): number {
    return this.#latches.size + this.#resumed.size;
  }

  /** The failure that keeps this send from going out; undefined: it may go. */
  failureBefore(key: string | undefined, seq: number): QueueError | undefined {
    if (key === undefined || this.size === 0) return undefined;
    return refusedBy(this.#latches.get(key), seq) ?? refusedBy(this.#resumed.get(key), seq);
  }
}

function refusedBy(latch: Latch | undefined, seq: number): QueueError | undefined {
  return latch !== undefined && seq > latch.fromSeq && seq <= latch.untilSeq ? latch.error : undefined;
}
