import type { VirtualClock } from "@anyqueue/core/testing";

/** Resolves after some time, or when the signal aborts, like a handler that listens to it. */
export async function passTime(clock: VirtualClock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = clock.setTimer(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        timer.cancel();
        resolve();
      },
      { once: true },
    );
  });
}
