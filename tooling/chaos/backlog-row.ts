import {
  CONCURRENCY,
  OLD_SPACE_MB,
  PREFETCH,
  SLOW_HANDLER_MS,
  SLOW_MS,
  type ConsumerReport,
  type Fates,
} from "./backlog-plan.ts";
import type { Cell } from "./cell.ts";
import type { Row } from "./row.ts";

/** Heap after a garbage collection, MiB: the SDKs, the sources, and a margin of a few thousand messages. */
const MAX_LIVE_MB = 48;
/** Growth while handlers are fast, MiB: the recorder, not the consumer, keeps the id of each message. */
const MAX_GROWTH_MB = 16;
/** Old space and young generation, MiB. */
const MAX_HEAP_MB = OLD_SPACE_MB + 32;
const MAX_RSS_MB = 320;
/** Further messages that may be out: their acks wait to be batched or for an answer. */
const ACKS_UNDER_WAY = 200;
/** A quarter of what slow handlers can do, and far less than fast ones can, as the service is busy too. */
const LEAST_SLOW = (CONCURRENCY * SLOW_MS) / SLOW_HANDLER_MS / 4;
const LEAST_FAST = 2 * LEAST_SLOW;

/** What the runner knows at the end of a run. */
export interface BacklogFacts {
  readonly cell: Cell;
  readonly seed: number;
  readonly size: number;
  readonly confirmed: number;
  /** Messages out according to the service, while the handlers were slow. */
  readonly out: number;
  readonly report: ConsumerReport;
  readonly fates: Fates;
}

/** Checks a run against the promises. */
export function backlogRow(facts: BacklogFacts): Row {
  const { cell, seed, confirmed, report, fates } = facts;
  const problems = problemsOf(facts);
  return {
    provider: cell.provider,
    fault: cell.fault.name,
    phase: cell.phase,
    seed,
    confirmed,
    lost: fates.lost,
    justifiedDuplicates: 0,
    unjustifiedDuplicates: report.handledTwice,
    orderViolations: 0,
    recoveryMs: null,
    verdict: problems.length === 0 ? "pass" : "fail",
    problems,
  };
}

function problemsOf(facts: BacklogFacts): readonly string[] {
  return [...memoryProblems(facts.report), ...holdProblems(facts), ...outcomeProblems(facts)];
}

function memoryProblems(report: ConsumerReport): readonly string[] {
  const { liveSlowMb, liveMb, mostHeapMb, mostRssMb } = report;
  return [
    ...above("the live heap, MiB,", Math.max(liveSlowMb, liveMb), MAX_LIVE_MB),
    ...above("its growth, MiB,", liveMb - liveSlowMb, MAX_GROWTH_MB),
    ...above("the heap, MiB,", mostHeapMb, MAX_HEAP_MB),
    ...above("the memory of the process, MiB,", mostRssMb, MAX_RSS_MB),
  ];
}

function holdProblems({ out, report }: BacklogFacts): readonly string[] {
  return [
    ...above("handlers at once", report.mostHandlers, CONCURRENCY),
    ...above("messages in the consumer", report.mostHeld, CONCURRENCY + PREFETCH),
    ...above("messages out of the service", out, CONCURRENCY + PREFETCH + ACKS_UNDER_WAY),
  ];
}

function outcomeProblems({ size, confirmed, report, fates }: BacklogFacts): readonly string[] {
  const handledFast = report.handled - report.handledSlowly;
  return [
    ...differs("confirmed sends", confirmed, size),
    ...differs("messages that were lost", fates.lost, 0),
    ...differs("messages that were there after their ack was confirmed", fates.undone, 0),
    ...differs("messages that are left", fates.left, size - report.acked),
    ...differs("dead letters", fates.deadLetters, 0),
    ...differs("messages that were handled twice", report.handledTwice, 0),
    ...above("messages that slow handlers were to do", LEAST_SLOW, report.handledSlowly),
    ...above("messages that fast handlers were to do", LEAST_FAST, handledFast),
    ...Object.entries(report.errors).map(([name, count]) => `${count} times ${name}`),
  ];
}

function above(what: string, value: number, limit: number): readonly string[] {
  return value > limit ? [`${what}: ${value}, more than ${limit}`] : [];
}

function differs(what: string, value: number, expected: number): readonly string[] {
  return value === expected ? [] : [`${what}: ${value}, expected ${expected}`];
}
