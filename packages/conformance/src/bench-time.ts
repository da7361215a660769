import { setImmediate as nextTurn, setTimeout as realDelay } from "node:timers/promises";
import { systemClock, type Clock, type Timer } from "@anyqueue/core/adapter";
import type { BackendTime } from "./harness.ts";

/** Time as one case controls it. */
export interface BenchTime {
  /** The clock of clients and drivers. */
  readonly clock: Clock;
  /**
   * Time that the case has let pass, in milliseconds from an arbitrary start. If time can be moved, a busy
   * machine does not add to it.
   */
  readonly passedMs: number;
  /** Lets time pass for broker and clients in small steps, so that leases are renewed in time. */
  advance(ms: number, stepMs?: number): Promise<void>;
  /** Lets pending work run without moving a virtual clock. */
  beat(): Promise<void>;
  /** True if calls reached the broker between the last two moves of time: their work is not finished. */
  readonly isAtWork: boolean;
  /** Lets time pass without firing timers of the clients, like a blocked event loop. */
  stall(ms: number): Promise<void>;
  /** Sets the clients' wall clock forward or back. */
  jumpWall(ms: number): void;
}

/** Real time between two looks at a broker behind a socket. */
const REMOTE_BEAT_MS = 1;
/** Most immediates that promise chains of the memory adapter need. */
const VIRTUAL_TURNS = 4;
/** A call that is open for more beats than this does not hold up time: the case may be about it. */
const MAX_QUIET_BEATS = 500;
/** Nor do endless calls hold up time for longer than this: a client may keep asking forever. */
const MAX_WORK_BEATS = 20;

/** Gives I/O, and everything that waits for it, a turn. */
export async function realTurn(): Promise<void> {
  await nextTurn();
}

/**
 * @param isQuiet false while driver calls are open that should take effect before time moves on
 * @param assertOwner throws when this case may no longer move time
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
      // Only a look: the broker answers it after the work for earlier calls, so their answers arrive first.
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
  /** The sum of all moves. */
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

/** A clock on top of another: its timers can be held back and its wall time can be wrong. */
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
      // In their own turn, as after a blocked event loop: the code that blocked it continues first.
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

/** Runs like the machine's clock but can be moved ahead; timers that come due on the way fire in order. */
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
