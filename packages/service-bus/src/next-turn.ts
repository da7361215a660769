/**
 * Calls back in the next turn of the event loop. A timer of the clock would do too, at a millisecond each:
 * this is no time, only an order.
 */
export function nextTurn(run: () => void): void {
  setImmediate(run);
}
