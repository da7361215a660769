import { TimerHeap, type HeapTimer } from "./timer-heap.ts";

/** All that engines know of time. No code below the fronts reads any other clock. */
export interface EngineClock {
  /** Engine time in milliseconds since the epoch. */
  now(): number;
  at(dueMs: number, task: () => void): EngineTimer;
  cancel(timer: EngineTimer): void;
}

/** Opaque handle of a task scheduled with `at`. */
export type EngineTimer = HeapTimer;

/**
 * `hybrid`: real time plus an offset that `advance` raises; timers fire by themselves.
 * `manual`: time stands still except during `advance`.
 * `shared`: the same, and whoever advances it moves the clients' clocks too: a moment is the same for both.
 */
export type ClockMode = "hybrid" | "manual" | "shared";

/** What the clock needs from the machine. Tests replace it. */
export interface RealTime {
  nowMs(): number;
  /** Runs `task` after `delayMs` unless the returned function is called first. */
  after(delayMs: number, task: () => void): () => void;
}

// setTimeout turns a longer delay into 1 ms. https://nodejs.org/api/timers.html (2026-11-24)
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The emulator's only clock: a heap of tasks, and one real timer for the earliest of them. */
export class VirtualClock implements EngineClock {
  readonly #mode: ClockMode;
  readonly #real: RealTime;
  readonly #heap = new TimerHeap();
  #offsetMs = 0;
  /** Set while time stands still: always in manual mode, otherwise only during a step of `advance`. */
  #frozenMs: number | undefined;
  #disarm: (() => void) | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;
  #lastAdvance: Promise<unknown> = Promise.resolve();

  constructor(mode: ClockMode, real: RealTime = machineTime()) {
    this.#mode = mode;
    this.#real = real;
    if (mode !== "hybrid") this.#frozenMs = real.nowMs();
  }

  now(): number {
    return this.#frozenMs ?? this.#real.nowMs() + this.#offsetMs;
  }

  /** The machine's own time, which the clients share. */
  realNow(): number {
    return this.#real.nowMs();
  }

  /** How far `now` is ahead of the clients' time. Constant while time runs by itself. */
  get aheadMs(): number {
    if (this.#mode === "shared") return 0;
    return this.#frozenMs === undefined ? this.#offsetMs : this.#frozenMs - this.#real.nowMs();
  }

  at(dueMs: number, task: () => void): EngineTimer {
    const timer = this.#heap.push(dueMs, task);
    if (dueMs < this.#armedForMs) this.#arm();
    return timer;
  }

  cancel(timer: EngineTimer): void {
    this.#heap.remove(timer);
  }

  /** Due time of the earliest task, or undefined if none is scheduled. */
  nextDeadline(): number | undefined {
    return this.#heap.peek()?.dueMs;
  }

  /**
   * Moves the clock forward. Every task that falls due on the way runs with `now()` at its due time. After
   * each moment that had tasks, pending I/O gets one turn of the event loop, so that a long poll woken at
   * second 5 is answered before anything happens at second 20.
   */
  advance(byMs: number): Promise<{ readonly fired: number }> {
    return this.#advanceThen(byMs, turnOfEventLoop);
  }

  /**
   * The same while clients in this process stand still: only promises get a turn in between. What is sent
   * meanwhile, by either side, is read when all of the time is over.
   */
  pass(byMs: number): Promise<{ readonly fired: number }> {
    return this.#advanceThen(byMs, turnsOfPromises);
  }

  /** Drops every task and the real timer. The clock can still be read afterwards. */
  stop(): void {
    this.#heap.clear();
    this.#arm();
  }

  #advanceThen(byMs: number, turn: () => Promise<void>): Promise<{ readonly fired: number }> {
    if (!Number.isFinite(byMs) || byMs < 0) {
      return Promise.reject(
        new RangeError(`advance(ms) takes a number of milliseconds >= 0, got ${String(byMs)}`),
      );
    }
    const result = this.#lastAdvance.then(() => this.#advanceBy(byMs, turn));
    this.#lastAdvance = result.catch(() => undefined);
    return result;
  }

  async #advanceBy(byMs: number, turn: () => Promise<void>): Promise<{ readonly fired: number }> {
    const finalOffsetMs = this.#offsetMs + byMs;
    const targetMs = this.now() + byMs;
    let fired = 0;
    for (;;) {
      const next = this.#heap.peek();
      if (next === undefined || next.dueMs > targetMs) break;
      fired += this.#fireMoment(Math.max(next.dueMs, this.now()));
      await turn();
    }
    this.#moveTo(targetMs, finalOffsetMs);
    await turn();
    return { fired };
  }

  #fireMoment(momentMs: number): number {
    this.#frozenMs = momentMs;
    const fired = this.#fireDue();
    this.#moveTo(momentMs, momentMs - this.#real.nowMs());
    return fired;
  }

  #moveTo(momentMs: number, offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#frozenMs = this.#mode !== "hybrid" ? momentMs : undefined;
    this.#arm();
  }

  #fireDue(): number {
    let fired = 0;
    for (;;) {
      const next = this.#heap.peek();
      if (next === undefined || next.dueMs > this.now()) return fired;
      this.#heap.pop();
      fired += 1;
      next.task();
    }
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    if (this.#mode !== "hybrid") return;
    const next = this.#heap.peek();
    if (next === undefined) return;
    this.#armedForMs = next.dueMs;
    const delayMs = Math.min(Math.max(next.dueMs - this.now(), 0), MAX_TIMEOUT_MS);
    this.#disarm = this.#real.after(delayMs, () => {
      this.#fireDue();
      this.#arm();
    });
  }
}

/** Monotonic time anchored at the epoch: an adjustment of the wall clock must not expire a lease. */
function machineTime(): RealTime {
  return {
    nowMs: () => Math.floor(performance.timeOrigin + performance.now()),
    after(delayMs, task) {
      const timeout = setTimeout(task, delayMs);
      // The servers keep the process alive; a message with four days of retention must not.
      timeout.unref();
      return () => {
        clearTimeout(timeout);
      };
    },
  };
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Longer than the longest chain of promises between a timer and what follows from it. */
const PROMISE_TURNS = 64;

async function turnsOfPromises(): Promise<void> {
  for (let turn = 0; turn < PROMISE_TURNS; turn += 1) await Promise.resolve();
}
