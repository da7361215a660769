import { setTimeLimit, systemClock, type Clock } from "@anyqueue/core/adapter";

/** Resolves with false if the work takes longer. Never rejects. */
export async function settlesWithin(
  work: Promise<unknown>,
  limitMs: number,
  clock: Clock = systemClock,
): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = setTimeLimit(clock, () => resolve(false), limitMs, true);
    void work
      .catch(() => {})
      .finally(() => {
        timer.cancel();
        resolve(true);
      });
  });
}
