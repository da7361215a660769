import { systemClock, type Clock } from "@anyqueue/core/adapter";

/** Longest time for which calls may keep the event loop from turning. */
const LONGEST_TURN_MS = 10;

/**
 * Lets the event loop turn. Other providers answer from a socket, but here everything is promises: a busy
 * queue would hold up timers, signals and servers of the same process until it is empty.
 */
export class Breather {
  readonly #clock: Clock;
  #turnStartedAtMs: number | undefined;
  #nextTurn: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Await the result, if any, before the next call. Undefined on a virtual clock, which only tests use. */
  pause(): Promise<void> | undefined {
    if (this.#clock !== systemClock) return undefined;
    const nowMs = this.#clock.now();
    if (this.#turnStartedAtMs === undefined) {
      this.#turnStartedAtMs = nowMs;
      this.#clock.setTimer(() => {
        this.#turnStartedAtMs = undefined;
      }, 0);
      return undefined;
    }
    if (nowMs - this.#turnStartedAtMs < LONGEST_TURN_MS) return undefined;
    this.#nextTurn ??= new Promise((resolve) => {
      const isWaitedFor = true;
      this.#clock.setTimer(
        () => {
          this.#turnStartedAtMs = undefined;
          this.#nextTurn = undefined;
          resolve();
        },
        0,
        isWaitedFor,
      );
    });
    return this.#nextTurn;
  }
}
