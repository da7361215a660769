/** Bounds of an exponential back-off. */
export interface BackoffBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** 2 ** 40 ms is some 35 years. More doublings would only lead to overflow. */
const MAX_DOUBLINGS = 40;

/**
 * Full jitter: anywhere between 0 and a ceiling that doubles with each failure, from `minMs` up to `maxMs`.
 * Why full: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (2026-11-24).
 * `failures` counts from 1; `random` gives numbers in [0, 1).
 */
export function backoffMs(failures: number, bounds: BackoffBounds, random: () => number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, MAX_DOUBLINGS);
  const ceilingMs = Math.min(bounds.maxMs, bounds.minMs * 2 ** doublings);
  return Math.round(random() * ceilingMs);
}
