import type { QueueError } from "../errors/queue-error.ts";

interface Latch {
  /** Number of the failed send. */
  fromSeq: number;
  /** Number of the last send that the latch refuses; Infinity until `resume`. */
  untilSeq: number;
  readonly error: QueueError;
}

/**
 * The latched keys, whose order a failed send broke. Every later send of such a key is refused until the
 * application calls `resume`. Sends accepted before that call stay refused, because they would overtake the
 * failed one.
 */
export class KeyLatches {
  readonly #latches = new Map<string, Latch>();
  /** Resumed latches, in the order of their resumption. Each is removed once it has refused all its sends. */
  readonly #resumed = new Map<string, Latch>();

  /** Latches a key. `seq` is the number of the failed send; numbers grow with each send of the producer. */
  latch(key: string, seq: number, error: QueueError): void {
    const known = this.#latches.get(key);
    if (known === undefined) this.#latches.set(key, { fromSeq: seq, untilSeq: Infinity, error });
    else known.fromSeq = Math.min(known.fromSeq, seq);
  }

  /** Resumes a key. `lastSeq`: last accepted send; `openSeq`: first unsettled send, Infinity if none. */
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

  /** The number of latches, resumed ones included. */
  get size(): number {
    return this.#latches.size + this.#resumed.size;
  }

  /** Returns the failure that blocks this send, or undefined if it may be sent. */
  failureBefore(key: string | undefined, seq: number): QueueError | undefined {
    if (key === undefined || this.size === 0) return undefined;
    return refusedBy(this.#latches.get(key), seq) ?? refusedBy(this.#resumed.get(key), seq);
  }
}

function refusedBy(latch: Latch | undefined, seq: number): QueueError | undefined {
  return latch !== undefined && seq > latch.fromSeq && seq <= latch.untilSeq ? latch.error : undefined;
}
