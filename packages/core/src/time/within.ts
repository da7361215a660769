import type { Clock } from "./clock.ts";

/** @returns false if `work` took longer. */
export async function within(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    const timer = clock.setTimer(
      () => {
        resolve(false);
      },
      ms,
      true,
    );
    work
      .then(() => {
        resolve(true);
      }, reject)
      .finally(() => {
        timer.cancel();
      });
  });
}
