import { setTimeLimit, systemClock } from "@anyqueue/core/adapter";

/** Resolves with false if the work takes longer. Never rejects. */
export async function settlesWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = setTimeLimit(systemClock, () => resolve(false), limitMs, true);
    void work
      .catch(() => {})
      .finally(() => {
        timer.cancel();
        resolve(true);
      });
  });
}
