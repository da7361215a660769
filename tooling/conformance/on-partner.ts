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

/** Registers a test of the whole suite on one kind of a partner's entities. */
export function conformanceOnPartner(partner: Partner, kind: string, on: KindOnPartner): void {
  test(`the adapter passes on ${kind} of ${partner.name}, but for the listed deviations`, async (context) => {
    const why = partner.missing();
    if (why !== undefined) return context.skip(why);
    const results = await runOnPartner(partner, kind, on);
    process.stdout.write(`\n${formatMatrix([results])}\n`);
    expect(results.cases.filter(({ outcome }) => outcome === "failed").map(describeFailure)).toEqual([]);
  });
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
      return run.results();
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

function describeFailure({ id, title, reason, durationMs }: CaseResult): string {
  return `${id} ${title} (${Math.round(durationMs)} ms): ${reason ?? "failed"}`;
}
