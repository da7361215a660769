/** Kinds of settlement; only completes may share a turn. */
export type Disposition = "complete" | "other";

interface Waiting {
  readonly kind: Disposition;
  readonly start: () => void;
}

/**
 * The order in which the settlements of one receiver go to the SDK.
 *
 * rhea 3.0.5 merges adjacent deliveries that are settled in one tick into one frame, and never compares the
 * second one with the first: a dead letter beside a complete is deleted, completes after a dead letter are
 * dead-lettered, and every promise fulfils (seen on the wire). It writes its frames at the end of the turn of
 * the event loop. So completes may go together; everything else goes alone, with a whole turn before and
 * after it.
 */
export class SettlementQueue {
  readonly #nextTurn: (run: () => void) => void;
  readonly #waiting: Waiting[] = [];
  /** What was started in this turn of the event loop. */
  #turn: Disposition | undefined;
  #head = 0;

  /** @param nextTurn calls back in a later turn of the event loop; a microtask is not enough */
  constructor(nextTurn: (run: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** Calls `start` once, now or in a later turn. `start` must not throw. */
  push(kind: Disposition, start: () => void): void {
    this.#waiting.push({ kind, start });
    this.#startAll();
  }

  #startAll(): void {
    for (let next = this.#waiting[this.#head]; next !== undefined; next = this.#waiting[this.#head]) {
      const isFree = this.#turn === undefined || (this.#turn === "complete" && next.kind === "complete");
      if (!isFree) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
        return;
      }
      this.#head += 1;
      this.#begin(next);
    }
    this.#waiting.length = 0;
    this.#head = 0;
  }

  #begin({ kind, start }: Waiting): void {
    if (this.#turn === undefined) {
      this.#nextTurn(() => {
        this.#turn = undefined;
        this.#startAll();
      });
    }
    this.#turn = kind;
    start();
  }
}
