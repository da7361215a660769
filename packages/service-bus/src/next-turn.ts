/**
 * Calls back in the next turn of the event loop. A timer of the clock would cost a millisecond each time:
 * what counts here is the order, not the time.
 */
export function nextTurn(run: () => void): void {
  setImmediate(run);
}
