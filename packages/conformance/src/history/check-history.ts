import type { HistoryEvent } from "./history-event.ts";
import { indexHistory, isAcked, isConfirmed, type HistoryIndex } from "./history-index.ts";
import {
  HISTORY_PROMISES,
  type Finding,
  type HistoryPromises,
  type Invariant,
  type InvariantVerdict,
} from "./invariant.ts";
import { byTime } from "./read-history.ts";
import { timelineOf } from "./timeline-of.ts";
import { ackIsFinal, integrity, noLoss, noPhantom, recovered } from "./invariants/delivery.ts";
import { boundedConcurrency } from "./invariants/concurrency.ts";
import { boundedDuplicates, exclusiveLease, noZombieAck, trueAttempts } from "./invariants/execution.ts";
import { timely } from "./invariants/time.ts";
import { keyOrder } from "./invariants/order.ts";
import {
  boundedCost,
  completeDeadLetters,
  conservation,
  progress,
  truthfulShutdown,
} from "./invariants/outcome.ts";

/** Every invariant, in the order of their numbers. */
export const INVARIANTS: readonly Invariant[] = [
  noLoss,
  noPhantom,
  recovered,
  integrity,
  boundedDuplicates,
  noZombieAck,
  ackIsFinal,
  exclusiveLease,
  keyOrder,
  trueAttempts,
  completeDeadLetters,
  conservation,
  progress,
  truthfulShutdown,
  boundedConcurrency,
  boundedCost,
  timely,
];

/** The result for a history. */
export interface HistoryVerdict {
  /** `unknown`: nothing failed, but something could not be decided. */
  readonly verdict: "pass" | "fail" | "unknown";
  /** How much happened in the history. */
  readonly counts: HistoryCounts;
  /** The result of each invariant. */
  readonly invariants: readonly CheckedInvariant[];
}

/** Numbers of messages and hand-overs in a history. */
export interface HistoryCounts {
  /** Messages that somebody tried to send. */
  readonly messages: number;
  /** Messages whose send was confirmed. */
  readonly confirmed: number;
  /** Messages with a confirmed ack. */
  readonly acked: number;
  /** Messages that were read from the dead letters. */
  readonly deadLettered: number;
  /** Deliveries. */
  readonly handovers: number;
  /** Handler runs. */
  readonly runs: number;
}

/** One invariant and its findings. */
export interface CheckedInvariant {
  /** `I-1` to `I-17`. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly title: string;
  /** Whether it held. */
  readonly verdict: InvariantVerdict;
  /** The number of all findings. */
  readonly found: number;
  /** The first findings, the smallest counter-example first. */
  readonly findings: readonly Exhibit[];
}

/** A finding with its evidence: the timeline of its one or two messages, for a person to read. */
export interface Exhibit {
  /** The finding in one sentence. */
  readonly text: string;
  /** The message that it is about. */
  readonly mid?: string | undefined;
  /** What happened to that message. */
  readonly timeline: readonly HistoryEvent[];
}

/** Further findings would only repeat the first ones. */
const MAX_EXHIBITS = 5;

/**
 * Checks a history against the seventeen invariants.
 *
 * @example
 * const verdict = checkHistory(readHistory("histories/run-7"), { ordered: true, attempts: 5 });
 */
export function checkHistory(
  events: readonly HistoryEvent[],
  promises: Partial<HistoryPromises> = {},
): HistoryVerdict {
  const index = indexHistory(events);
  const stated = { ...HISTORY_PROMISES, ...promises };
  const invariants = INVARIANTS.map((invariant) => checkOne(invariant, index, stated));
  const verdicts = new Set(invariants.map(({ verdict }) => verdict));
  return {
    verdict: verdicts.has("fail") ? "fail" : verdicts.has("unknown") ? "unknown" : "pass",
    counts: countsOf(index),
    invariants,
  };
}

function checkOne(invariant: Invariant, index: HistoryIndex, promises: HistoryPromises): CheckedInvariant {
  const { verdict, findings } = invariant.check(index, promises);
  const exhibits = findings
    .map((finding) => exhibit(finding, index))
    .toSorted((a, b) => a.timeline.length - b.timeline.length);
  return {
    id: invariant.id,
    title: invariant.title,
    verdict,
    found: findings.length,
    findings: exhibits.slice(0, MAX_EXHIBITS),
  };
}

function exhibit({ text, mid, other, evidence = [] }: Finding, index: HistoryIndex): Exhibit {
  if (mid === undefined) return { text, mid, timeline: evidence };
  const others = other === undefined ? [] : timelineOf(index, other);
  return { text, mid, timeline: [...timelineOf(index, mid), ...others].toSorted(byTime) };
}

function countsOf({ stories, handovers }: HistoryIndex): HistoryCounts {
  const all = [...stories.values()];
  return {
    messages: all.length,
    confirmed: all.filter(isConfirmed).length,
    acked: all.filter(isAcked).length,
    deadLettered: all.filter(({ deadLetters }) => deadLetters.length > 0).length,
    handovers: handovers.length,
    runs: handovers.filter(({ start }) => start !== undefined).length,
  };
}
