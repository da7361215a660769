import { setImmediate as nextTurn } from "node:timers/promises";
import type { VirtualClock } from "@anyqueue/core/testing";
import type { Emulator } from "@anyqueue/emulator";
import type { Signatures } from "./signatures.ts";
import type { Wire } from "./wire.ts";

/** Longest time that passes for the clients before it passes for the service, in milliseconds. */
const STEP_MS = 25;
/** Turns of the event loop without a call after which nothing is on its way any more. */
const QUIET_TURNS = 12;
/** Endless calls do not hold up time: a client may ask for ever. */
const MAX_TURNS = 600;

/** What of an emulator with a manual clock is moved and looked at. */
export interface PacedEmulator {
  readonly clock: Pick<Emulator["clock"], "advance" | "pass">;
  readonly log: Pick<Emulator["log"], "count">;
}

/**
 * A clock that moves clients and an emulator with a manual clock together, in steps. Before each step, what
 * is on its way over the sockets arrives, so a seed gives nearly the same run each time.
 */
export function pacedClock(
  clients: VirtualClock,
  emulator: PacedEmulator,
  wire: Wire,
  signatures: Pick<Signatures, "count" | "made">,
): VirtualClock {
  const settle = async (): Promise<void> => await untilQuiet(emulator, wire, signatures);
  const advanceTo = async (nowMs: number): Promise<void> => {
    // After a stall, timers that are due go first.
    await clients.advance(0);
    await settle();
    while (clients.now() < nowMs) {
      const stepMs = Math.min(STEP_MS, nowMs - clients.now());
      // The clients first: what the service hands out must not be later than what they read.
      // oxlint-disable-next-line no-await-in-loop -- time passes in order
      await clients.advance(stepMs);
      // oxlint-disable-next-line no-await-in-loop
      await emulator.clock.advance(stepMs);
      // oxlint-disable-next-line no-await-in-loop
      await settle();
    }
  };
  return {
    get pendingTimers() {
      return clients.pendingTimers;
    },
    ...(clients.random === undefined ? {} : { random: clients.random }),
    now: () => clients.now(),
    bootNow: () => clients.bootNow(),
    wallNow: () => clients.wallNow(),
    setTimer: (callback, delayMs) => clients.setTimer(callback, delayMs),
    nextTimerAt: () => clients.nextTimerAt(),
    settle,
    advanceTo,
    advance: async (by) => await advanceTo(clients.now() + durationOf(by)),
    advanceToNextTimer: async () => await advanceTo(clients.nextTimerAt() ?? clients.now()),
    suspend: (ms) => {
      clients.suspend(ms);
    },
    stall(ms) {
      clients.stall(ms);
      // Over before any socket is read: the service would hear in its past what clients do after the stall.
      void emulator.clock.pass(ms);
    },
    jumpWall: (ms) => {
      clients.jumpWall(ms);
    },
  };
}

/** Resolves when nothing is on its way. */
async function untilQuiet(
  emulator: PacedEmulator,
  wire: Wire,
  signatures: Pick<Signatures, "count" | "made">,
): Promise<void> {
  const done = (): number => emulator.log.count() + signatures.count();
  let calls = done();
  for (let turn = 0, quiet = 0; quiet < QUIET_TURNS && turn < MAX_TURNS; turn += 1) {
    // A busy system may keep back what sockets were given, for longer than many turns. It keeps back this trip, too.
    // oxlint-disable-next-line no-await-in-loop -- each look needs a turn of its own
    await (quiet === QUIET_TURNS - 1 ? wire.roundTrip() : nextTurn());
    // oxlint-disable-next-line no-await-in-loop
    await signatures.made();
    const seen = done();
    quiet = seen === calls ? quiet + 1 : 0;
    calls = seen;
  }
}

function durationOf(by: string | number): number {
  if (typeof by === "number") return by;
  throw new TypeError("a paced clock takes milliseconds");
}
