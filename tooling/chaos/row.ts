import {
  checkHistory,
  type HistoryEvent,
  type HistoryPromises,
  type HistoryVerdict,
} from "@anyqueue/conformance";
import type { Phase } from "./cell.ts";
import type { StageName } from "./providers.ts";

/** What became of one cell. */
export interface Row {
  readonly provider: StageName;
  readonly fault: string;
  readonly phase: Phase;
  readonly seed: number;
  readonly confirmed: number;
  readonly lost: number;
  /** Messages that were handled more often than once, for a reason. */
  readonly justifiedDuplicates: number;
  readonly unjustifiedDuplicates: number;
  readonly orderViolations: number;
  /** From the end of the fault to the next success; absent where nothing succeeded. */
  readonly recoveryMs: number | null;
  /** `unknown`: it could not be proved, which is not a pass. */
  readonly verdict: "pass" | "fail" | "unknown";
  /** Invariants that did not hold, and what else went wrong. */
  readonly problems: readonly string[];
  /** It failed, but by time alone: nothing was lost, repeated or out of order, and no process died. */
  readonly isLate?: true;
}

/** Progress and cost: how soon, and in how many calls. A machine that is busy with others misses them, too. */
const OF_TIME: ReadonlySet<string> = new Set(["I-13", "I-16"]);

/** What the runner knows of a cell beside its history. */
export interface CellFacts {
  readonly provider: StageName;
  readonly fault: string;
  readonly phase: Phase;
  readonly seed: number;
  readonly promises: Partial<HistoryPromises>;
  /** Processes that crashed, a fault that never came. */
  readonly complaints: readonly string[];
  /** What was not done in time. */
  readonly delays: readonly string[];
}

/** Holds the history of a cell against what is promised. */
export function judge(
  events: readonly HistoryEvent[],
  facts: CellFacts,
): { readonly row: Row; readonly verdict: HistoryVerdict } {
  const verdict = checkHistory(events, facts.promises);
  return { row: rowOf(events, verdict, facts), verdict };
}

function rowOf(
  events: readonly HistoryEvent[],
  verdict: HistoryVerdict,
  { provider, fault, phase, seed, complaints, delays }: CellFacts,
): Row {
  const broken = verdict.invariants.filter((one) => one.verdict === "fail" || one.verdict === "unknown");
  const failures = (id: string): number =>
    broken.find((one) => one.id === id && one.verdict === "fail")?.found ?? 0;
  const unjustifiedDuplicates = failures("I-5");
  const isPassed = verdict.verdict === "pass" && complaints.length + delays.length === 0;
  const isOfTime = broken.every((one) => one.verdict === "unknown" || OF_TIME.has(one.id));
  return {
    provider,
    fault,
    phase,
    seed,
    confirmed: verdict.counts.confirmed,
    lost: failures("I-1"),
    justifiedDuplicates: handledAgain(events) - unjustifiedDuplicates,
    unjustifiedDuplicates,
    orderViolations: failures("I-9"),
    recoveryMs: recoveryOf(events),
    verdict: verdict.verdict === "pass" && !isPassed ? "fail" : verdict.verdict,
    problems: [
      ...broken.map(({ id, findings }) => `${id}: ${findings[0]?.text ?? "it is not known"}`),
      ...complaints,
      ...delays,
    ],
    ...(!isPassed && isOfTime && complaints.length === 0 && { isLate: true }),
  };
}

/** Messages whose handler succeeded more often than once. */
function handledAgain(events: readonly HistoryEvent[]): number {
  const midOfToken = new Map<string, string>();
  const successes = new Map<string, number>();
  for (const event of events) {
    if (event.type === "deliver") midOfToken.set(event.tok, event.mid);
    if (event.type !== "handle.end" || event.result !== "ack") continue;
    const mid = midOfToken.get(event.tok) ?? "";
    successes.set(mid, (successes.get(mid) ?? 0) + 1);
  }
  return [...successes.values()].filter((count) => count > 1).length;
}

/** Milliseconds from the end of the last fault to the next handler that succeeded. */
function recoveryOf(events: readonly HistoryEvent[]): number | null {
  const healed = events.findLast(({ type }) => type === "fault.stop");
  if (healed === undefined) return null;
  const next = events.find(
    (event) => event.type === "handle.end" && event.result !== "aborted" && event.t >= healed.t,
  );
  return next === undefined ? null : Math.round((next.t - healed.t) / 1_000_000);
}
