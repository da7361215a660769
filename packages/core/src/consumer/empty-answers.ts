/** Pause after too many empty answers. An empty answer that took at least this long does not count. */
export const EMPTY_PAUSE_MS = 1_000;
const MOST_IN_A_ROW = 10;

/**
 * Counts empty answers in a row that came at once. Otherwise a driver, or a stand-in for its service, that
 * does not wait for messages would be asked without end, and each ask may cost money.
 */
export class EmptyAnswers {
  #inARow = 0;

  /** @returns true if the next ask has to wait */
  areTooMany(items: number, durationMs: number): boolean {
    this.#inARow = items === 0 && durationMs < EMPTY_PAUSE_MS ? this.#inARow + 1 : 0;
    return this.#inARow > MOST_IN_A_ROW;
  }
}
