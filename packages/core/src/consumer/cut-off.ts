import { LinkedList, type Linked } from "../batching/linked-list.ts";

/** A request in flight. */
export interface Cuttable extends Linked<Cuttable> {
  /** Ends the request. Must not throw. */
  cut(): void;
}

/**
 * Ends all requests in flight at once, and keeps later ones from going out. It is not an `AbortSignal`, which
 * would live as long as the consumer: once one of its listeners has grown old, Node's list of them keeps even
 * removed ones, with all that their requests hold, from the cheap collection of young objects.
 */
export class CutOff {
  readonly #out = new LinkedList<Cuttable>();
  /** True once it has ended: no request may go out any more. */
  isOver = false;
  /** Why it ended. Undefined: it has not ended, or no reason was given. */
  reason: unknown;

  /** Adds a request that goes out. */
  add(request: Cuttable): void {
    this.#out.add(request);
  }

  /** Removes a request that has its answer. No effect on one that is not in flight. */
  delete(request: Cuttable): void {
    this.#out.delete(request);
  }

  /** Ends all requests in flight. Only the first call counts. */
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

/** Runs requests that end when `signal` aborts, even if it has already. */
export async function cutOffBy<T>(
  signal: AbortSignal | undefined,
  run: (cutOff: CutOff) => Promise<T>,
): Promise<T> {
  const cutOff = new CutOff();
  const end = (): void => {
    cutOff.end(signal?.reason);
  };
  if (signal?.aborted === true) end();
  signal?.addEventListener("abort", end);
  try {
    return await run(cutOff);
  } finally {
    signal?.removeEventListener("abort", end);
  }
}
