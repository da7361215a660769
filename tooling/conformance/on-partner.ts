import {
  CASES,
  formatMatrix,
  openRun,
  type Backend,
  type CaseResult,
  type ConformanceCase,
  type ConformanceRun,
  type KnownGap,
  type TargetResults,
} from "@anyqueue/conformance";
import { expect, test } from "vitest";

/** A third-party server that runs on loopback. */
export interface PartnerServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface Partner {
  readonly name: string;
  /** The reason why it cannot start here, if there is one. */
  missing(): string | undefined;
  start(): Promise<PartnerServer>;
}

/** For each case that is left out, by its id: the reason. */
export type LeftOut = Readonly<Record<string, string>>;

/** How one kind of a partner's entities differs from the service, as far as the suite shows it. */
export interface KindOnPartner {
  /** Cases that run at a time, as many as the server can handle. Each mostly waits, on its own entities. */
  readonly casesAtATime: number;
  /** Cases that fail every time. If one of them passes, the job fails. */
  readonly deviations: readonly KnownGap[];
  /** Cases that take too long on this server or have varying results, each with the reason. */
  readonly notRun: LeftOut;
  /** Real time that one case may take, in milliseconds. @default 45000 */
  readonly caseTimeoutMs?: number;
  backend(endpoint: string): Backend | Promise<Backend>;
}

const CASE_TIMEOUT_MS = 45_000;
/** Enough to run again all that a busy machine broke. */
const TEST_TIMEOUT_MS = 480_000;
/** Cases that run again at a time. */
const AGAIN_AT_A_TIME = 3;

/** Registers a test of the whole suite on one kind of a partner's entities. */
export function conformanceOnPartner(partner: Partner, kind: string, on: KindOnPartner): void {
  const options = { timeout: TEST_TIMEOUT_MS };
  test(
    `the adapter passes on ${kind} of ${partner.name}, but for the listed deviations`,
    options,
    async (context) => {
      const why = partner.missing();
      if (why !== undefined) return context.skip(why);
      const results = await runOnPartner(partner, kind, on);
      process.stdout.write(`\n${formatMatrix([results])}\n`);
      expect(failuresOf(results).map(describeFailure)).toEqual([]);
    },
  );
}

async function runOnPartner(partner: Partner, kind: string, on: KindOnPartner): Promise<TargetResults> {
  checkNames(
    on.notRun,
    on.deviations.map(({ id }) => id),
  );
  const server = await partner.start();
  try {
    const backend = await on.backend(server.endpoint);
    const harness = { name: `${partner.name}-${kind}`, open: async () => backend };
    const run = await openRun(harness, {
      knownGaps: on.deviations,
      caseTimeoutMs: on.caseTimeoutMs ?? CASE_TIMEOUT_MS,
    });
    try {
      const cases = CASES.filter(({ id }) => !Object.hasOwn(on.notRun, id));
      await runAll(run, cases, on.casesAtATime);
      await runFailedAgain(run);
      return lastOf(run.results());
    } finally {
      await run.close();
    }
  } finally {
    await server.close();
  }
}

/** Without this check a misspelt or outdated entry would hide a case for ever. */
function checkNames(left: LeftOut, failing: readonly string[]): void {
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

/**
 * Runs what failed once more, beside few others, and that run counts: leases here last two seconds of real time, which
 * a machine that does much at once can miss (decision 42).
 */
async function runFailedAgain(run: ConformanceRun): Promise<void> {
  const failed = failuresOf(run.results());
  if (failed.length === 0) return;
  process.stdout.write(`\nonce more: ${failed.map(({ id, reason }) => `${id} (${reason})`).join("; ")}\n`);
  const again = CASES.filter((one) => failed.some(({ id }) => id === one.id));
  await runAll(run, again, AGAIN_AT_A_TIME);
}

/** Only the last result of each case. */
function lastOf(results: TargetResults): TargetResults {
  const cases = [...new Map(results.cases.map((one) => [one.id, one])).values()];
  const count = (outcome: CaseResult["outcome"]): number =>
    cases.filter((one) => one.outcome === outcome).length;
  const failed = count("failed") + count("known-gap");
  return { ...results, cases, passed: count("passed"), failed, negative: count("negative") };
}

function failuresOf({ cases }: TargetResults): readonly CaseResult[] {
  return cases.filter(({ outcome }) => outcome === "failed");
}

function describeFailure({ id, title, reason, durationMs }: CaseResult): string {
  return `${id} ${title} (${Math.round(durationMs)} ms): ${reason ?? "failed"}`;
}
