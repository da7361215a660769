import { DEFAULTS } from "../client/defaults.ts";

/** What determines the size of the prefetch. */
export interface Pace {
  /** Handlers that ended, per millisecond; 0 = not measured. */
  readonly ratePerMs: number;
  /** Of one ask that was answered at once, or of acks where a broker pushes; 0 = not measured. */
  readonly roundTripMs: number;
  readonly leaseMs: number;
  /** Most deliveries in one reply. */
  readonly replyItems: number;
  /** True where every ask costs money. */
  readonly isBilled: boolean;
}

/** Where asks cost money, this much work may lie ready, so that replies come back full. */
const BILLED_AHEAD_MS = 1_000;

/**
 * Deliveries to hold ready beyond what runs: two round trips of work, so that no handler waits for a reply,
 * but at most a quarter of a lease of work, so that none needs renewal or is kept from idle consumers.
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
/** The shortest answer counts for at least this long. */
const SHORTEST_WINDOW_MS = 5_000;
/** The mean may be up to this many times the shortest: more is the process's delay, not the network's. */
const MOST_OF_SHORTEST = 2.5;

/** Measures rate and round trip while the loop runs. */
export class PaceMeter {
  ratePerMs = 0;
  roundTripMs = 0;
  #sampledAtMs: number;
  #sampledEnded = 0;
  #meanAckedMs = 0;
  /** Shortest answers of this window, and of the one before it. */
  #shortestMs = Infinity;
  #shortestBeforeMs = Infinity;
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

  /** For an ask whose reply was full: it waited for the network only. */
  sampleRoundTrip(durationMs: number): void {
    this.roundTripMs = smoothed(this.roundTripMs, durationMs);
  }

  /**
   * For acks, whose answers also wait for a busy process: the mean counts, up to a few times the shortest of
   * the last seconds. Otherwise the busiest consumer would hold the most, and become busier still.
   */
  sampleAcked(nowMs: number, durationMs: number): void {
    if (nowMs - this.#shortestSinceMs >= SHORTEST_WINDOW_MS) {
      this.#shortestBeforeMs = this.#shortestMs;
      this.#shortestMs = Infinity;
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
