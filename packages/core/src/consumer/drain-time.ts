import type { Clock } from "../time/clock.ts";
import { within } from "../time/within.ts";

/** The time of one drain. Whoever closes again may have less of it: of all that was asked for, the first end counts. */
export class DrainTime {
  readonly #clock: Clock;
  #timeoutMs = Number.POSITIVE_INFINITY;
  #endsAtMs = Number.POSITIVE_INFINITY;
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

  /** @returns false if the end comes before `work` is done, and be it that somebody makes it come sooner */
  async allows(work: Promise<void>): Promise<boolean> {
    for (;;) {
      const shorter = Promise.withResolvers<void>();
      let isShorter = false;
      this.#onShorter = () => {
        isShorter = true;
        shorter.resolve();
      };
      const isDone = await within(this.#clock, this.leftMs(0), Promise.race([work, shorter.promise]));
      if (!isShorter) return isDone;
    }
  }
}
