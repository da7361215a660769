import type { Clock } from "./clock.ts";
import { setTimeLimit } from "./time-limit.ts";

/**
 * `isHard`: the limit gets no grace where it is seen late.
 * @returns false if `work` took longer.
 */
export async function within(
  clock: Clock,
  ms: number,
  work: Promise<void>,
  isHard = false,
): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    const over = (): void => resolve(false);
    const timer = isHard ? clock.setTimer(over, ms, true) : setTimeLimit(clock, over, ms, true);
    work
      .then(() => {
        resolve(true);
      }, reject)
      .finally(() => {
        timer.cancel();
      });
  });
}
