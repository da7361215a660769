import { setTimeout as sleep } from "node:timers/promises";

// https://cloud.google.com/pubsub/docs/push#push_backoff (2026-11-29)
const MIN_MS = 100;
const MAX_MS = 60_000;

/** How long a subscription waits before its next push after this many failures in a row. */
export function backoffMs(failuresInARow: number): number {
  if (failuresInARow <= 0) return 0;
  return Math.min(MAX_MS, MIN_MS * 2 ** Math.min(failuresInARow - 1, 20));
}

/** Slows down the pushes of one subscription while they fail. */
export class PushBackoff {
  #failuresInARow = 0;
  #pausedUntilMs = 0;

  count(isAcknowledged: boolean): void {
    this.#failuresInARow = isAcknowledged ? 0 : this.#failuresInARow + 1;
    this.#pausedUntilMs = performance.now() + backoffMs(this.#failuresInARow);
  }

  /** Resolves when the next push may go out or `signal` aborts. */
  async untilOver(signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#pausedUntilMs - performance.now();
      if (leftMs <= 0 || signal.aborted) return;
      // oxlint-disable-next-line no-await-in-loop -- a failure meanwhile makes the pause longer
      await sleep(leftMs, undefined, { signal }).catch(() => {});
    }
  }
}
