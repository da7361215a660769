import type { Clock } from "@anyqueue/core/adapter";

/** Waits for `work`, but not longer than `withinMs`; undefined: any time. @returns undefined if it is late */
export async function inTime<Result>(
  clock: Pick<Clock, "setTimer">,
  withinMs: number | undefined,
  work: Promise<Result>,
): Promise<Result | undefined> {
  if (withinMs === undefined) return await work;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(() => resolve(undefined), withinMs, true);
  try {
    return await Promise.race([work, promise]);
  } finally {
    timer.cancel();
  }
}
