/** What determines the headroom of a stream. */
export interface SettlePace {
  /** Settlements that the service has not answered yet. */
  readonly settling: number;
  /** True: somebody waits for deliveries and there are none. */
  readonly isStarved: boolean;
  readonly nowMs: number;
}

/** Upper limit: beyond it, more deliveries in flight make nothing faster. */
const MAX_HEADROOM = 1_000;
/** Shortest time between growths: the last one must show its effect first. */
const GROW_EVERY_MS = 1_000;
const WINDOW_MS = 10_000;

/**
 * Room beyond `maxOutstanding` on a stream. A delivery stops being outstanding when its settlement begins,
 * but the service counts it until it answers. Without room for settlements under way, handlers would wait one
 * round trip for every message. Sizes are powers of two, so that streams are rarely reopened; 0 if
 * settlements hold nothing up.
 */
export class Headroom {
  size = 0;
  #grownAtMs = Number.NEGATIVE_INFINITY;
  #windowAtMs = Number.NEGATIVE_INFINITY;
  #peak = 0;

  /** @returns true if `size` changed */
  update({ settling, isStarved, nowMs }: SettlePace): boolean {
    const before = this.size;
    const wanted = Math.min(nextPowerOfTwo(settling), MAX_HEADROOM);
    this.#peak = Math.max(this.#peak, wanted);
    if (isStarved && wanted > this.size && nowMs - this.#grownAtMs >= GROW_EVERY_MS) {
      this.size = wanted;
      this.#grownAtMs = nowMs;
    }
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      if (this.#peak <= this.size / 2) this.size = this.#peak;
      this.#peak = wanted;
      this.#windowAtMs = nowMs;
    }
    return this.size !== before;
  }
}

function nextPowerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return count === 0 ? 0 : power;
}
