import type { Clock } from "@anyqueue/core/adapter";
import type { VirtualClock } from "@anyqueue/core/testing";
import type { MemoryEngine } from "./memory-engine.ts";

/** Settlements gather for some milliseconds before they go out; `untilIdle` may pass that much time. */
const STEP_BUDGET_MS = 100;

/** A clock that reports when a timer is set on it. */
export class WatchedClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #watchers = new Set<() => void>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Draws from the test's seed, too. */
  get random(): Clock["random"] {
    return this.#clock.random;
  }

  now(): number {
    return this.#clock.now();
  }

  bootNow(): number {
    return this.#clock.bootNow();
  }

  wallNow(): number {
    return this.#clock.wallNow();
  }

  setTimer(callback: () => void, delayMs: number): ReturnType<Clock["setTimer"]> {
    const timer = this.#clock.setTimer(callback, delayMs);
    for (const watcher of this.#watchers) watcher();
    return timer;
  }

  /** Calls `watcher` for every timer that is set, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/**
 * Resolves when the engine is idle. Advances the clock only over timers that are nearly due. Otherwise it
 * waits for the next change of a queue or the next timer.
 */
export async function untilIdle(
  engine: MemoryEngine,
  clock: VirtualClock,
  watched: WatchedClock,
): Promise<void> {
  let leftMs = STEP_BUDGET_MS;
  for (;;) {
    await clock.settle();
    if (engine.isIdle()) return;
    const stepMs = (clock.nextTimerAt() ?? Number.POSITIVE_INFINITY) - clock.now();
    if (stepMs <= leftMs) {
      leftMs -= stepMs;
      await clock.advanceToNextTimer();
    } else {
      await somethingHappens(engine, watched);
      leftMs = STEP_BUDGET_MS;
    }
  }
}

async function somethingHappens(engine: MemoryEngine, watched: WatchedClock): Promise<void> {
  await new Promise<void>((resolve) => {
    const stops = [engine.watch(happened), watched.watch(happened)];

    function happened(): void {
      for (const stop of stops) stop();
      resolve();
    }
  });
}
