import { setImmediate as nextTurn, setTimeout as realDelay } from "node:timers/promises";
import { systemClock, type Clock, type Timer } from "@anyqueue/core/adapter";
import type { BackendTime } from "./harness.ts";

/** Time as one case owns it. */
export interface BenchTime {
  /** For clients and drivers. */
  readonly clock: Clock;
  /**
   * How much time the case has let pass, in milliseconds from any beginning: a busy machine takes nothing of it where time can
   * be moved.
   */
  readonly passedMs: number;
  /** Lets time pass for broker and clients in small steps, so that renewals keep up with leases. */
  advance(ms: number, stepMs?: number): Promise<void>;
  /** Lets pending work run without moving a clock that stands still. */
  beat(): Promise<void>;
  /** Calls reached the broker between the last two moves of time: what they are for has not come to its end. */
  readonly isAtWork: boolean;
  /** Time passes, but no timer of the clients fires: a blocked event loop. */
  stall(ms: number): Promise<void>;
  /** Sets the clients' wall clock forward or back. */
  jumpWall(ms: number): void;
}

/** Real milliseconds between two looks at a broker behind a socket. */
const REMOTE_BEAT_MS = 1;
/** Immediates that memory's chains of promises need at most. */
const VIRTUAL_TURNS = 4;
/** A call that stays out longer than this many beats does not hold up time: it may be what the case is about. */
const MAX_QUIET_BEATS = 500;
/** Calls that go on and on do not hold up time either: a client may ask for ever. */
const MAX_WORK_BEATS = 20;

/** Lets I/O and everything that waits for it have its turn. */
export async function realTurn(): Promise<void> {
  await nextTurn();
}

/**
 * @param isQuiet false while driver calls are out whose effect should be in before time moves on
 * @param assertOwner throws when time is no longer this case's to move
 */
export function createBenchTime(
  time: BackendTime,
  usualStepMs: number,
  isQuiet: () => boolean,
  assertOwner: () => void = () => {},
): BenchTime {
  const running = createAdvancingClock();
  const clock = createShiftClock(time.kind === "virtual" ? time.clock : running);
  const mover = createMover(time, running);
  const move = async (ms: number): Promise<void> => {
    assertOwner();
    await mover.move(ms);
  };

  async function beat(): Promise<void> {
    if (time.kind === "virtual") {
      for (let turn = 0; turn < VIRTUAL_TURNS; turn += 1) await nextTurn();
    } else {
      await realDelay(REMOTE_BEAT_MS);
    }
  }

  async function settle(): Promise<void> {
    for (let count = 0; count < MAX_QUIET_BEATS; count += 1) {
      await beat();
      if (!isQuiet()) continue;
      if (!mover.isAtWork || count >= MAX_WORK_BEATS) return;
      // A look: the broker answers behind what it has done for the calls before, so that their answers are here first.
      await move(0);
    }
  }

  return {
    clock,
    get passedMs() {
      return time.kind === "real" ? clock.now() : mover.movedMs;
    },
    beat,
    get isAtWork() {
      return mover.isAtWork;
    },
    async advance(ms, stepMs = usualStepMs) {
      await settle();
      for (let left = ms; left > 0; left -= stepMs) {
        await move(Math.min(stepMs, left));
        await settle();
      }
    },
    async stall(ms) {
      clock.freeze();
      await move(ms);
      clock.thaw();
    },
    jumpWall: (ms) => clock.jumpWall(ms),
  };
}

interface Mover extends Pick<BenchTime, "isAtWork"> {
  /** By all moves together. */
  readonly movedMs: number;
  move(ms: number): Promise<void>;
}

/** Lets time pass at the broker, then at the clients. */
function createMover(time: BackendTime, clients: AdvancingClock): Mover {
  let calls: number | undefined;
  let isAtWork = false;
  let movedMs = 0;
  return {
    get isAtWork() {
      return isAtWork;
    },
    get movedMs() {
      return movedMs;
    },
    async move(ms) {
      movedMs += ms;
      if (time.kind === "real") {
        await realDelay(ms);
      } else if (time.kind === "virtual") {
        await time.advance(ms);
      } else {
        const seen = await time.advance(ms);
        isAtWork = seen !== calls;
        calls = seen;
        await clients.advance(ms);
      }
    },
  };
}

interface ShiftClock extends Clock {
  freeze(): void;
  thaw(): void;
  jumpWall(ms: number): void;
}

/** A clock over another one whose timers can be held back and whose wall time can be wrong. */
function createShiftClock(base: Clock): ShiftClock {
  let wallShiftMs = 0;
  let late: (() => void)[] | undefined;
  return {
    now: () => base.now(),
    bootNow: () => base.bootNow(),
    wallNow: () => base.wallNow() + wallShiftMs,
    setTimer(callback, delayMs, keepAlive) {
      let cancelled = false;
      const fire = (): void => {
        if (cancelled) return;
        if (late === undefined) callback();
        else late.push(fire);
      };
      const timer = base.setTimer(fire, delayMs, keepAlive);
      return {
        cancel() {
          cancelled = true;
          timer.cancel();
        },
      };
    },
    freeze() {
      late ??= [];
    },
    thaw() {
      const due = late ?? [];
      late = undefined;
      // In a turn of their own, as an event loop that was blocked would: what blocked it goes on first.
      setImmediate(() => {
        for (const fire of due) fire();
      });
    },
    jumpWall(ms) {
      wallShiftMs += ms;
    },
  };
}

interface AdvancingClock extends Clock {
  advance(ms: number): Promise<void>;
}

/** Runs like the machine's clock and can be moved ahead; timers that come due on the way fire in order. */
function createAdvancingClock(): AdvancingClock {
  const pending = new Set<{ dueMs: number; fire: () => void }>();
  let offsetMs = 0;
  const now = (): number => systemClock.now() + offsetMs;
  return {
    now,
    bootNow: () => systemClock.bootNow() + offsetMs,
    wallNow: () => systemClock.wallNow() + offsetMs,
    setTimer(callback, delayMs, keepAlive): Timer {
      let timer: Timer | undefined;
      const entry = {
        dueMs: now() + Math.max(0, delayMs),
        fire(): void {
          pending.delete(entry);
          timer?.cancel();
          callback();
        },
      };
      pending.add(entry);
      timer = systemClock.setTimer(() => entry.fire(), delayMs, keepAlive);
      return {
        cancel() {
          pending.delete(entry);
          timer?.cancel();
        },
      };
    },
    async advance(ms) {
      const goalMs = now() + ms;
      for (;;) {
        const next = [...pending].reduce<{ dueMs: number; fire: () => void } | undefined>(
          (first, entry) =>
            entry.dueMs <= goalMs && (first === undefined || entry.dueMs < first.dueMs) ? entry : first,
          undefined,
        );
        if (next === undefined) break;
        offsetMs += Math.max(0, next.dueMs - now());
        next.fire();
        await nextTurn();
      }
      offsetMs += Math.max(0, goalMs - now());
    },
  };
}
