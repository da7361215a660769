import {
  CASES,
  formatMatrix,
  openRun,
  type CaseResult,
  type ConformanceCase,
  type ConformanceRun,
  type TargetResults,
} from "@anyqueue/conformance";
import { expect, test } from "vitest";
import { sqsBackend } from "../sqs-harness.ts";
import { NEED_A_MOVABLE_CLOCK, type PartnerDeviations } from "./partner-deviations.ts";
import type { Partner } from "./partner-servers.ts";

const CASE_TIMEOUT_MS = 45_000;

/** Registers a test of the whole suite for standard and for FIFO queues of one partner. */
export function conformanceOnPartner(partner: Partner, deviations: PartnerDeviations): void {
  for (const kind of ["standard", "fifo"] as const) {
    test(`the adapter passes on ${kind} queues of ${partner.name}, but for the listed deviations`, async (context) => {
      const why = partner.missing();
      if (why !== undefined) return context.skip(why);
      const results = await runOnPartner(partner, kind, deviations);
      process.stdout.write(`\n${formatMatrix([results])}\n`);
      expect(results.cases.filter(({ outcome }) => outcome === "failed").map(describeFailure)).toEqual([]);
    });
  }
}

async function runOnPartner(
  partner: Partner,
  kind: "standard" | "fifo",
  deviations: PartnerDeviations,
): Promise<TargetResults> {
  const left = { ...NEED_A_MOVABLE_CLOCK, ...deviations.notRun[kind] };
  checkNames(
    left,
    deviations[kind].map(({ id }) => id),
  );
  const server = await partner.start();
  try {
    const backend = sqsBackend(server.endpoint, kind);
    const harness = { name: `${partner.name}-${kind}`, open: async () => backend };
    const run = await openRun(harness, { knownGaps: deviations[kind], caseTimeoutMs: CASE_TIMEOUT_MS });
    try {
      await runAll(
        run,
        CASES.filter(({ id }) => !Object.hasOwn(left, id)),
        deviations.casesAtATime,
      );
      return run.results();
    } finally {
      await run.close();
    }
  } finally {
    await server.close();
  }
}

/** A misspelt or superseded entry would hide a case for ever. */
function checkNames(left: Readonly<Record<string, string>>, failing: readonly string[]): void {
  const known = new Set(CASES.map(({ id }) => id));
  for (const id of Object.keys(left)) {
    if (!known.has(id)) throw new Error(`${id} is left out, but there is no such case`);
    if (failing.includes(id)) throw new Error(`${id} is both left out and listed as a deviation`);
  }
}

async function runAll(
  run: ConformanceRun,
  cases: readonly ConformanceCase[],
  atATime: number,
): Promise<void> {
  const waiting = [...cases];
  const takeTurns = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // oxlint-disable-next-line no-await-in-loop
      await run.runCase(next);
    }
  };
  await Promise.all(Array.from({ length: atATime }, takeTurns));
}

function describeFailure({ id, title, reason, durationMs }: CaseResult): string {
  return `${id} ${title} (${Math.round(durationMs)} ms): ${reason ?? "failed"}`;
}
