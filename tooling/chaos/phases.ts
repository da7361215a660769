import type { ChaosBody } from "./chaos-queue.ts";
import type { Phase } from "./cell.ts";
import type { HistoryTail } from "./history-tail.ts";

/** Messages that are sent one after another. */
export interface Wave {
  readonly count: number;
  readonly everyMs: number;
  /** How long the handler takes, as a multiple of the lease. */
  readonly takesLeases?: number;
  readonly takesMs?: number;
  readonly dead?: boolean;
  /** Failing attempts of each message. @default one, for a tenth of the messages */
  readonly failures?: number;
}

/** What an application does before and during a fault. */
export interface PhasePlan {
  readonly before: Wave;
  /** Sent while the fault lasts. */
  readonly during: Wave;
  /** True if the phase is under way, so that the fault may begin. */
  isReached(tail: HistoryTail): boolean;
}

const NOTHING: Wave = { count: 0, everyMs: 0 };

/** Sent before everything else. */
export const WARM_UP: Wave = { count: 1, everyMs: 0, takesMs: 0 };

/** Sent after every fault. */
export const AFTER: Wave = { count: 8, everyMs: 20, takesMs: 5 };

export const PHASE_PLANS: Readonly<Record<Phase, PhasePlan>> = {
  send: {
    before: { count: 10, everyMs: 20, takesMs: 5 },
    during: { count: 30, everyMs: 30, takesMs: 5 },
    isReached: (tail) => tail.confirmed >= 6,
  },
  receive: {
    before: { count: 3, everyMs: 20, takesMs: 5 },
    during: { count: 10, everyMs: 30, takesMs: 5 },
    isReached: (tail) => tail.confirmed >= 2 && tail.open === 0,
  },
  handle: {
    before: { count: 12, everyMs: 10, takesMs: 700 },
    during: { count: 6, everyMs: 30, takesMs: 5 },
    isReached: (tail) => tail.count("handle.start") >= 5,
  },
  settle: {
    before: { count: 8, everyMs: 20, takesMs: 15 },
    during: { count: 30, everyMs: 25, takesMs: 15 },
    isReached: (tail) => tail.count("settle.ok ack") >= 4,
  },
  renew: {
    before: { count: 4, everyMs: 10, takesLeases: 1.6 },
    during: NOTHING,
    isReached: (tail) => tail.count("renew.ok") >= 1,
  },
  "dead-letter": {
    before: { count: 6, everyMs: 20, takesMs: 5, dead: true },
    during: { count: 12, everyMs: 40, takesMs: 5, dead: true },
    isReached: (tail) => tail.count("settle.ok dead") >= 2,
  },
};

const KEYS = 4;

/** The messages of a wave. Some of those that do not become dead letters fail once first. */
export function messagesOf(
  wave: Wave,
  name: string,
  leaseMs: number,
  random: () => number,
): readonly ChaosBody[] {
  return Array.from({ length: wave.count }, (_, index) => ({
    id: `${name}-${index}`,
    // Long handler runs get keys in turn, because messages with the same key would wait for each other.
    key: `k-${wave.takesLeases === undefined ? Math.floor(random() * KEYS) : index % KEYS}`,
    takesMs: Math.round(wave.takesMs ?? (wave.takesLeases ?? 0) * leaseMs),
    failures: wave.failures ?? (wave.dead !== true && random() < 0.1 ? 1 : 0),
    dead: wave.dead ?? false,
  }));
}
