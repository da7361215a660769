import type { Clock } from "./clock.ts";
import { within } from "./within.ts";

/** The time of one close. Of all ends that its callers ask for, the first counts. */
export class DrainTime {
  readonly #clock: Clock;
  #timeoutMs = Infinity;
  #endsAtMs = Infinity;
  #onShorter: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.end(timeoutMs);
  }

  /** The timeout that counts. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Ends `timeoutMs` from now, if that is sooner. */
  end(timeoutMs: number): void {
    const endsAtMs = this.#clock.now() + timeoutMs;
    if (endsAtMs >= this.#endsAtMs) return;
    this.#endsAtMs = endsAtMs;
    this.#timeoutMs = timeoutMs;
    this.#onShorter?.();
  }

  /** Until `graceMs` after the end. */
  leftMs(graceMs: number): number {
    return Math.max(0, this.#endsAtMs + graceMs - this.#clock.now());
  }

  /**
   * Waits for `work` until `graceMs` after the end, which a call of `end` may move meanwhile, but for
   * `leastMs` in any case. One call at a time.
   * @returns false if `work` took longer
   */
  async allows(work: Promise<void>, graceMs = 0, leastMs = 0): Promise<boolean> {
    const leastAtMs = this.#clock.now() + leastMs;
    for (;;) {
      const shorter = Promise.withResolvers<void>();
      let isShorter = false;
      this.#onShorter = () => {
        isShorter = true;
        shorter.resolve();
      };
      const leftMs = Math.max(this.leftMs(graceMs), leastAtMs - this.#clock.now());
      const isDone = await within(this.#clock, leftMs, Promise.race([work, shorter.promise]));
      if (!isShorter) return isDone;
    }
  }
}

/** A close that all its callers share: the first begins it, and the others can only shorten its time. */
export class SharedClose<Result> {
  #ended: Promise<Result> | undefined;
  /** Undefined until the first call. */
  time: DrainTime | undefined;

  async within(clock: Clock, timeoutMs: number, end: (time: DrainTime) => Promise<Result>): Promise<Result> {
    this.time?.end(timeoutMs);
    this.time ??= new DrainTime(clock, timeoutMs);
    this.#ended ??= end(this.time);
    return await this.#ended;
  }
}
