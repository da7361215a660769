/** What an ask waits after too many empty answers, and what one has waited for messages at least that is not counted. */
export const EMPTY_PAUSE_MS = 1_000;
const MOST_IN_A_ROW = 10;

/**
 * Empty answers that came at once, one after the other. A driver, or what stands for its service, that does not wait for
 * messages would be asked without an end, and where asks cost money each one would.
 */
export class EmptyAnswers {
  #inARow = 0;

  /** True: the next ask has to wait. */
  areTooMany(items: number, durationMs: number): boolean {
    this.#inARow = items === 0 && durationMs < EMPTY_PAUSE_MS ? this.#inARow + 1 : 0;
    return this.#inARow > MOST_IN_A_ROW;
  }
}
