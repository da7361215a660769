import { DEFAULTS } from "../client/defaults.ts";

/** What the size of the prefetch follows from. */
export interface Pace {
  /** Handlers that ended, per millisecond; 0 = not measured. */
  readonly ratePerMs: number;
  /** Of one ask that was answered at once, or of acknowledgements where a broker pushes; 0 = not measured. */
  readonly roundTripMs: number;
  readonly leaseMs: number;
  /** Most that one reply can hold. */
  readonly replyItems: number;
  /** True where every ask costs money. */
  readonly isBilled: boolean;
}

/** Where asks cost money, so much work may lie ready that replies come back full. */
const BILLED_AHEAD_MS = 1_000;

/**
 * Deliveries to hold ready beyond what runs: two round trips of work, so that no handler waits for a reply; never more
 * than a quarter of a lease of work, so that nothing in it needs renewal or is kept from idle consumers.
 */
export function prefetchSize(pace: Pace): number {
  const { ratePerMs, roundTripMs, leaseMs, replyItems, isBilled } = pace;
  if (roundTripMs <= 0) return 0;
  const aheadItems = ratePerMs * roundTripMs * 2;
  const fullReplyItems = isBilled ? Math.min(replyItems, ratePerMs * BILLED_AHEAD_MS) : 0;
  const leaseShareItems = (ratePerMs * leaseMs) / 4;
  return Math.floor(Math.min(Math.max(aheadItems, fullReplyItems), leaseShareItems, DEFAULTS.maxPrefetch));
}

/** Weight of a new sample. */
const SMOOTHING = 0.3;
/** Shorter intervals measure noise. */
const MIN_SAMPLE_MS = 50;
/** For how long, at the least, the shortest answer counts. */
const SHORTEST_WINDOW_MS = 5_000;
/** So many of the shortest the mean may be: more is the process's own delay and not the network's. */
const MOST_OF_SHORTEST = 2.5;

/** Measures rate and round trip as the loop runs. */
export class PaceMeter {
  ratePerMs = 0;
  roundTripMs = 0;
  #sampledAtMs: number;
  #sampledEnded = 0;
  #meanAckedMs = 0;
  /** Of this window, and of the one before it. */
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestBeforeMs = Number.POSITIVE_INFINITY;
  #shortestSinceMs: number;

  constructor(nowMs: number) {
    this.#sampledAtMs = nowMs;
    this.#shortestSinceMs = nowMs;
  }

  /** `ended`: handlers that ended so far. */
  sampleRate(nowMs: number, ended: number): void {
    const elapsedMs = nowMs - this.#sampledAtMs;
    if (elapsedMs < MIN_SAMPLE_MS) return;
    this.ratePerMs = smoothed(this.ratePerMs, (ended - this.#sampledEnded) / elapsedMs);
    this.#sampledAtMs = nowMs;
    this.#sampledEnded = ended;
  }

  /** Of an ask whose reply was full: it waited for nothing but the network. */
  sampleRoundTrip(durationMs: number): void {
    this.roundTripMs = smoothed(this.roundTripMs, durationMs);
  }

  /**
   * Of acknowledgements, whose answers wait for a busy process too: the mean counts, up to a few of the shortest of the last
   * seconds. Else the busiest consumer would hold the most, and be kept the busier by it.
   */
  sampleAcked(nowMs: number, durationMs: number): void {
    if (nowMs - this.#shortestSinceMs >= SHORTEST_WINDOW_MS) {
      this.#shortestBeforeMs = this.#shortestMs;
      this.#shortestMs = Number.POSITIVE_INFINITY;
      this.#shortestSinceMs = nowMs;
    }
    this.#shortestMs = Math.min(this.#shortestMs, durationMs);
    this.#meanAckedMs = smoothed(this.#meanAckedMs, durationMs);
    const shortestMs = Math.min(this.#shortestMs, this.#shortestBeforeMs);
    this.roundTripMs = Math.min(this.#meanAckedMs, shortestMs * MOST_OF_SHORTEST);
  }
}

function smoothed(before: number, sample: number): number {
  return before === 0 ? sample : before + SMOOTHING * (sample - before);
}
