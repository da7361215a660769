import { AssertionError } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { systemClock } from "@anyqueue/core/adapter";
import { Bench, type RunContext } from "./bench.ts";
import type { ConformanceCase } from "./case.ts";
import { createGate } from "./gate.ts";
import type { Harness, KnownGap } from "./harness.ts";
import { assertAbsent } from "./negative.ts";
import { missingNeeds, type TargetFacts } from "./needs.ts";
import { summarise, type CaseOutcome, type CaseResult, type TargetResults } from "./results.ts";
import { CASES } from "./suite.ts";

/** How a run differs from the whole suite. */
export interface RunOptions {
  /** Cases that are known to fail, each with the issue that tracks it. @default none */
  readonly knownGaps?: readonly KnownGap[];
  /** Only the cases with these ids. */
  readonly only?: readonly string[];
  /** Real time for one case, in milliseconds; twice as much for cases tagged slow. @default 60000 */
  readonly caseTimeoutMs?: number;
  /** Called with each result as soon as it is there. @default nobody is told */
  readonly onResult?: (result: CaseResult) => void;
}

/** Enough for a machine that does five other things too. */
const CASE_TIMEOUT_MS = 60_000;
/** A slow case moves time by an hour in steps that leave room for renewals: hundreds of requests in turn. */
const SLOW_CASE_FACTOR = 2;
/** The longest time for an abandoned case to end its clients. */
const ABANDONED_TIMEOUT_MS = 5_000;

interface CaseContext extends RunContext {
  readonly facts: TargetFacts;
}

/** Runs all or part of the suite without a test runner. */
export async function runConformance(harness: Harness, options: RunOptions = {}): Promise<TargetResults> {
  const run = await openRun(harness, options);
  try {
    const cases = CASES.filter(({ id }) => options.only === undefined || options.only.includes(id));
    for (const current of cases) {
      const result = await run.runCase(current);
      options.onResult?.(result);
    }
    return run.results();
  } finally {
    await run.close();
  }
}

/** One run on an open backend, one case at a time. */
export interface ConformanceRun {
  /** What the target can do. */
  readonly facts: TargetFacts;
  /** Does not reject if a case fails: the result says so. */
  runCase(current: ConformanceCase): Promise<CaseResult>;
  /** All results so far. */
  results(): TargetResults;
  /** Ends the backend. */
  close(): Promise<void>;
}

/** Opens the backend and finds out what the target can do. */
export async function openRun(harness: Harness, options: RunOptions = {}): Promise<ConformanceRun> {
  const gaps = checkGaps(options.knownGaps ?? []);
  const backend = await harness.open();
  const run = randomBytes(4).toString("hex");
  const results: CaseResult[] = [];
  let queues = 0;
  const base = { backend, run, results, nextName: () => `cf-${run}-${(queues += 1)}` };
  const facts = await findFacts(base).catch(async (error: unknown) => {
    await backend.close();
    throw error;
  });
  const context: CaseContext = { ...base, facts };
  return {
    facts,
    async runCase(current) {
      const isSlow = current.tags?.includes("slow") === true;
      const timeoutMs = (options.caseTimeoutMs ?? CASE_TIMEOUT_MS) * (isSlow ? SLOW_CASE_FACTOR : 1);
      const result = await judge(current, context, gaps.get(current.id), timeoutMs);
      results.push(result);
      return result;
    },
    results: () => summarise(harness.name, facts, results),
    close: () => backend.close(),
  };
}

function checkGaps(knownGaps: readonly KnownGap[]): ReadonlyMap<string, KnownGap> {
  for (const { id, reason, issue } of knownGaps) {
    if (!CASES.some((known) => known.id === id)) throw new Error(`known gap ${id}: there is no such case`);
    if (reason === "" || issue === "") throw new Error(`known gap ${id}: give a reason and an issue`);
  }
  return new Map(knownGaps.map((gap) => [gap.id, gap]));
}

/** Returns what `resolve` says, refined by what `probe` reads. */
async function findFacts(base: Omit<RunContext, "facts">): Promise<TargetFacts> {
  const bench = new Bench("FACTS", { ...base, facts: undefined });
  // Some targets offer a feature only for a definition that asks for it.
  const queue = bench.misdefine(await bench.queue(), {
    ordered: true,
    deduplicated: true,
    needs: ["deduplication", "delay", "ttl"],
  });
  const { adapter, target } = bench.driver(queue);
  const probed = await adapter.probe?.(target, bench.signal);
  const facts = {
    capabilities: { ...target.capabilities, ...probed?.capabilities },
    limits: { ...target.limits, ...probed?.limits },
    inspectable: adapter.probe !== undefined,
  };
  await bench.close();
  return facts;
}

async function judge(
  current: ConformanceCase,
  context: CaseContext,
  gap: KnownGap | undefined,
  timeoutMs: number,
): Promise<CaseResult> {
  const startedAtMs = systemClock.now();
  const missing = missingNeeds(current.needs, context.facts);
  const finish = (outcome: CaseOutcome, reason?: string, error?: unknown): CaseResult => ({
    id: current.id,
    title: current.title,
    rule: current.rule,
    needs: current.needs,
    outcome,
    missing,
    durationMs: systemClock.now() - startedAtMs,
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error }),
  });
  const hook = current.hooks?.find((name) => context.backend[name] === undefined);
  if (hook !== undefined && missing.length === 0) {
    const why = context.backend.absent?.[hook];
    if (why !== undefined) return finish("not-applicable", `no ${hook} hook: ${why}`);
    return finish("failed", `the harness has no ${hook} hook and gives no reason in \`absent\``);
  }
  try {
    await executeInTime(current, context, missing[0], timeoutMs);
  } catch (error) {
    withValues(error);
    const reason = error instanceof Error ? error.message : String(error);
    return gap === undefined ? finish("failed", reason, error) : finish("known-gap", gap.reason, error);
  }
  if (gap !== undefined)
    return finish("failed", `listed as a known gap (${gap.issue}) but it passes: remove the gap`);
  return finish(missing.length === 0 ? "passed" : "negative");
}

/** Before Node.js 24, an assertion with a message of its own does not say in it what was expected and what came. */
function withValues(error: unknown): void {
  if (!(error instanceof AssertionError) || error.generatedMessage) return;
  const isNot = error.operator.startsWith("not");
  if (!isNot && !error.operator.endsWith("trictEqual") && error.operator !== "match") return;
  const [expected, actual] = [error.expected, error.actual].map((value) =>
    inspect(value, { breakLength: Infinity, maxStringLength: 200 }),
  );
  const [text] = error.message.split("\n", 1);
  error.message = `${text} (expected ${isNot ? "anything but " : ""}${expected}, got ${actual})`;
}

/** An absent capability whose refusal the case tests. */
type Missing = Parameters<typeof assertAbsent>[1] | undefined;

/**
 * Ends a case that is too slow before the next one begins. Otherwise it would go on moving the time that all
 * cases of a run share, and make them fail one after the other.
 */
async function executeInTime(
  current: ConformanceCase,
  context: RunContext,
  missing: Missing,
  timeoutMs: number,
): Promise<void> {
  const bench = new Bench(current.id, context);
  const ended = execute(bench, current, missing);
  try {
    await withDeadline(ended, timeoutMs, current.id);
  } catch (error) {
    bench.abandon(error);
    await withDeadline(ended, Math.min(timeoutMs, ABANDONED_TIMEOUT_MS), current.id).catch(() => {});
    throw error;
  }
}

async function execute(bench: Bench, current: ConformanceCase, missing: Missing): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  try {
    if (missing === undefined) await current.run(bench);
    else if (current.otherwise !== undefined) await current.otherwise(bench, missing);
    else await assertAbsent(bench, missing);
  } catch (error) {
    failure = { error };
  }
  try {
    await bench.close();
  } catch (error) {
    // The reader needs the first error; a close that fails later is its consequence.
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
}

async function withDeadline(work: Promise<void>, timeoutMs: number, id: string): Promise<void> {
  const deadline = createGate();
  const timer = systemClock.setTimer(deadline.open, timeoutMs, true);
  const expired = deadline.opened.then(() => {
    throw new Error(`${id} was not done after ${timeoutMs} ms of real time`);
  });
  try {
    await Promise.race([work, expired]);
  } finally {
    timer.cancel();
  }
}
