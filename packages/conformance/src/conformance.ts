import type { Harness, KnownGap } from "./harness.ts";
import { formatMatrix, type CaseResult, type TargetResults } from "./results.ts";
import { openRun, type ConformanceRun } from "./run.ts";
import { CASES } from "./suite.ts";

/** How a test runner registers a test: `test` of Vitest, of `node:test`, of Jest. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** Options of a run with a test runner. */
export interface ConformanceOptions {
  /** The broker that the suite runs against. */
  readonly harness: Harness;
  /** Cases that are known to fail, each with the issue that tracks it. @default none */
  readonly knownGaps?: readonly KnownGap[];
  /** Only the cases with these ids: for event sources, to which the others do not apply. @default all */
  readonly only?: readonly string[];
  /** The runner's own `afterAll` (`after` in `node:test`), used to end the backend. */
  readonly afterAll: (end: () => Promise<void>) => unknown;
  /** Receives the matrix and the results at the end. @default nothing */
  readonly report?: (matrix: string, results: TargetResults) => void | Promise<void>;
}

/**
 * Registers every case as a test. It skips none: if a capability is absent, its refusal is tested.
 *
 * @example
 * conformance(test, { harness: memoryHarness, afterAll });
 */
export function conformance(test: RegisterTest, options: ConformanceOptions): void {
  const { harness, knownGaps = [], only, report } = options;
  const unknown = only?.find((id) => CASES.every((known) => known.id !== id));
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}`);
  let opening: Promise<ConformanceRun> | undefined;
  const open = (): Promise<ConformanceRun> => (opening ??= openRun(harness, { knownGaps }));
  for (const current of CASES) {
    if (only?.includes(current.id) === false) continue;
    test(`${harness.name} ${current.id} [${current.rule}] ${current.title}`, async () => {
      const run = await open();
      assertNotFailed(await run.runCase(current));
    });
  }
  options.afterAll(async () => {
    if (opening === undefined) return;
    const run = await opening;
    const results = run.results();
    await report?.(formatMatrix([results]), results);
    await run.close();
  });
}

function assertNotFailed(result: CaseResult): void {
  if (result.outcome !== "failed") return;
  if (result.error instanceof Error) throw result.error;
  throw new Error(result.reason ?? "it failed", { cause: result.error });
}
