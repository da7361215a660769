import {
  checkHistory,
  type HistoryEvent,
  type HistoryPromises,
  type HistoryVerdict,
} from "@anyqueue/conformance";
import type { Phase } from "./cell.ts";
import type { StageName } from "./providers.ts";

/** The result of one cell. */
export interface Row {
  readonly provider: StageName;
  readonly fault: string;
  readonly phase: Phase;
  readonly seed: number;
  readonly confirmed: number;
  readonly lost: number;
  /** Messages that were handled more than once for a known reason. */
  readonly justifiedDuplicates: number;
  readonly unjustifiedDuplicates: number;
  readonly orderViolations: number;
  /** Milliseconds from the end of the fault to the next success, or null if nothing succeeded. */
  readonly recoveryMs: number | null;
  /** `unknown`: it could not be proved that the cell passed, so it counts as not passed. */
  readonly verdict: "pass" | "fail" | "unknown";
  /** Violated invariants and other problems. */
  readonly problems: readonly string[];
  /** The cell failed only by time: nothing was lost, repeated or out of order, and no process died. */
  readonly isLate?: true;
}

/** Invariants of progress and cost: how soon, and in how many calls. A busy machine can also break them. */
const OF_TIME: ReadonlySet<string> = new Set(["I-13", "I-16"]);

/** What the runner knows about a cell besides its history. */
export interface CellFacts {
  readonly provider: StageName;
  readonly fault: string;
  readonly phase: Phase;
  readonly seed: number;
  readonly promises: Partial<HistoryPromises>;
  /** Crashed processes, problems found by `verify`, and a cell that broke off. */
  readonly complaints: readonly string[];
  /** What did not happen in time. */
  readonly delays: readonly string[];
}

/** Checks the history of a cell against the promises. */
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

/** The number of messages whose handler succeeded more than once. */
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
