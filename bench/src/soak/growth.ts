import type { Sample } from "./messages.ts";

/** Memory may grow at first, while code is compiled and pools fill. */
const SETTLING_SHARE = 1 / 3;

/**
 * Bytes of heap that remain per handled message: the slope of the best-fit line through the samples, without
 * the first third. NaN with fewer than three samples.
 */
export function growthPerMessage(samples: readonly Sample[]): number {
  const settled = samples.slice(Math.floor(samples.length * SETTLING_SHARE));
  if (settled.length < 3) return Number.NaN;
  const meanHandled = mean(settled.map(({ handled }) => handled));
  const meanHeap = mean(settled.map(({ heapBytes }) => heapBytes));
  let together = 0;
  let alone = 0;
  for (const { handled, heapBytes } of settled) {
    together += (handled - meanHandled) * (heapBytes - meanHeap);
    alone += (handled - meanHandled) ** 2;
  }
  return together / alone;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
