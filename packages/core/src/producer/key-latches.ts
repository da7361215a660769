import type { QueueError } from "../errors/queue-error.ts";

interface Latch {
  /** Number of the failed send. */
  fromSeq: number;
  /** Number of the last send that the latch refuses; undefined until `resume`. */
  untilSeq: number | undefined;
  readonly error: QueueError;
}

/** So many latched keys keep the error of their own send. With its stack and causes it may take 2 kB. */
const OWN_ERRORS = 1_000;
/** Beyond them, sends of this time that failed with the same code keep one error. */
const SHARED_MS = 60_000;

/**
 * The latched keys, whose order a failed send broke. Every later send of such a key is refused until the
 * application calls `resume`. Sends accepted before that call stay refused, because they would overtake the
 * failed one. Nothing else ends a latch, however many there are: docs/decisions/0071.
 */
export class KeyLatches {
  readonly #latches = new Map<string, Latch>();
  /** Resumed latches, in the order of their resumption. Each is removed once it has refused all its sends. */
  readonly #resumed = new Map<string, Latch>();
  /** Errors that latches share, by their kind. */
  readonly #shared = new Map<string, { readonly error: QueueError; readonly atMs: number }>();

  /**
   * Latches a key. `seq` is the number of the failed send; numbers grow with each send of the producer. `atMs`
   * is a time of it.
   */
  latch(key: string, seq: number, error: QueueError, atMs: number): void {
    const known = this.#latches.get(key);
    if (known !== undefined) known.fromSeq = Math.min(known.fromSeq, seq);
    // The key may be a part of a long text, which it would keep alive.
    else
      this.#latches.set(Buffer.from(key).toString(), {
        fromSeq: seq,
        untilSeq: undefined,
        error: this.#kept(error, atMs),
      });
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
    for (const [old, { untilSeq = 0 }] of this.#resumed) {
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

  #kept(error: QueueError, atMs: number): QueueError {
    if (this.#latches.size < OWN_ERRORS) return error;
    const kind = `${error.code} ${error.ambiguous}`;
    const known = this.#shared.get(kind);
    if (known !== undefined && atMs - known.atMs < SHARED_MS) return known.error;
    this.#shared.set(kind, { error, atMs });
    return error;
  }
}

function refusedBy(latch: Latch | undefined, seq: number): QueueError | undefined {
  return latch !== undefined && seq > latch.fromSeq && seq <= (latch.untilSeq ?? seq)
    ? latch.error
    : undefined;
}
