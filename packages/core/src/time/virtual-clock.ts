import { setImmediate } from "node:timers";

import type { Clock, Timer } from "./clock.ts";
import { seededRandom } from "./seeded-random.ts";
import { durationToMs, type Duration } from "./duration.ts";

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /** Wall time at the start, in milliseconds since the Unix epoch. @default 2026-01-01T00:00:00Z */
  readonly startWallMs?: number | undefined;
  /** Seed of what is drawn on this clock (jitter). An integer. @default 0 */
  readonly seed?: number | undefined;
}

/** A clock whose time moves only when a test says so. */
export interface VirtualClock extends Clock {
  /** How many timers are set and have not fired. */
  readonly pendingTimers: number;
  /**
   * Lets time pass; a number is in milliseconds. Timers that become due fire in order, and what each one
   * starts settles before the next one fires.
   */
  advance(by: Duration | number): Promise<void>;
  /** Lets time pass up to a moment of `now()`. For a moment in the past, it only settles. */
  advanceTo(nowMs: number): Promise<void>;
  /** The moment of `now()` at which the next timer fires; undefined if there is none. */
  nextTimerAt(): number | undefined;
  /** Lets time pass up to the next timer, if there is one, and fires it. */
  advanceToNextTimer(): Promise<void>;
  /** Runs what is ready (promises, immediates) without letting time pass. */
  settle(): Promise<void>;
  /** The machine sleeps for `ms`: boot and wall time jump, the monotonic clock and its timers stand still. */
  suspend(ms: number): void;
  /** The event loop is blocked for `ms`: all three times jump. Due timers fire with the next `advance`. */
  stall(ms: number): void;
  /** The wall clock is set forward by `ms`, or back if it is negative. Nothing else moves. */
  jumpWall(ms: number): void;
}

/**
 * Makes a clock for tests of retries, leases, delays. `testQueues()` of `@anyqueue/memory` has one.
 *
 * @example
 * const clock = createVirtualClock();
 * const client = createClient("memory:", [memory({ clock })]);
 * await clock.advance("5m");
 */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new ManualClock(options.startWallMs ?? Date.UTC(2026, 0, 1), seededRandom(options.seed ?? 0));
}

interface PendingTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

class ManualClock implements VirtualClock {
  #nowMs = 0;
  #bootMs = 1_000_000; // not equal to `now`: a mix-up of the two must show
  #wallMs: number;
  readonly random: () => number;
  /** Soonest first; equal moments in the order in which they were set. */
  readonly #timers: PendingTimer[] = [];

  constructor(startWallMs: number, random: () => number) {
    this.#wallMs = startWallMs;
    this.random = random;
  }

  now(): number {
    return this.#nowMs;
  }

  bootNow(): number {
    return this.#bootMs;
  }

  wallNow(): number {
    return this.#wallMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    const later = this.#timers.findIndex((other) => other.atMs > timer.atMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index !== -1) this.#timers.splice(index, 1);
      },
    };
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  nextTimerAt(): number | undefined {
    // A timer without an end only keeps a process alive.
    return this.#timers.find(({ atMs }) => atMs < Infinity)?.atMs;
  }

  async advance(by: Duration | number): Promise<void> {
    await this.advanceTo(this.#nowMs + (typeof by === "number" ? by : durationToMs(by)));
  }

  async advanceTo(nowMs: number): Promise<void> {
    await this.settle();
    for (let next = this.#timers[0]; next !== undefined && next.atMs <= nowMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#pass(next.atMs - this.#nowMs);
      next.callback();
      await this.settle();
    }
    this.#pass(nowMs - this.#nowMs);
    await this.settle();
  }

  async advanceToNextTimer(): Promise<void> {
    await this.settle();
    await this.advanceTo(this.nextTimerAt() ?? this.#nowMs);
  }

  async settle(): Promise<void> {
    // The first turn drains the microtasks, the second those of immediates that were set meanwhile.
    for (let turn = 0; turn < 2; turn += 1) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  suspend(ms: number): void {
    this.#bootMs += ms;
    this.#wallMs += ms;
  }

  stall(ms: number): void {
    this.#pass(ms);
  }

  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  #pass(ms: number): void {
    if (ms <= 0) return;
    this.#nowMs += ms;
    this.#bootMs += ms;
    this.#wallMs += ms;
  }
}
