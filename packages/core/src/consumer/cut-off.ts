import { LinkedList, type Linked } from "../batching/linked-list.ts";

/** A request that is out. */
export interface Cuttable extends Linked<Cuttable> {
  /** Ends it; must not throw. */
  cut(): void;
}

/**
 * Ends the requests that are out, all at once, and keeps later ones from going out. No `AbortSignal`, which lives as long as
 * the consumer: Node's list of its listeners keeps those that were removed, with all that their requests hold, from the
 * cheap collection of young objects, once one of them has grown old.
 */
export class CutOff {
  readonly #out = new LinkedList<Cuttable>();
  /** True once it was ended: a request must not go out any more. */
  isOver = false;
  /** Why; undefined: it is not over, or nobody said. */
  reason: unknown;

  /** For a request that goes out. */
  add(request: Cuttable): void {
    this.#out.add(request);
  }

  /** For a request that has its answer; without effect on one that is not out. */
  delete(request: Cuttable): void {
    this.#out.delete(request);
  }

  /** Ends all that are out; the first call counts. */
  end(reason?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reason = reason;
    for (let request = this.#out.first; request !== undefined; request = this.#out.first) {
      this.#out.delete(request);
      request.cut();
    }
  }
}
