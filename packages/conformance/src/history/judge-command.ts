import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkHistory, type HistoryVerdict } from "./check-history.ts";
import { describeVerdict } from "./describe-verdict.ts";
import type { HistoryPromises } from "./invariant.ts";
import { readHistory } from "./read-history.ts";
import { PROMISES_FILE, readPromises } from "./read-promises.ts";

const USAGE = `usage: npx @anyqueue/conformance FOLDER [--promises FILE] [--json]
  FOLDER      histories of one run: every *.jsonl in it, one for each process
  --promises  JSON with what target and consumers promise, such as {"ordered": true, "attempts": 5};
              FOLDER/${PROMISES_FILE} where there is one, otherwise nothing beyond what holds everywhere
  --json      the whole verdict as JSON, each finding with its timeline
  --help      this text
ends with 0: every invariant held; 1: one did not, or it is unknown; 2: there is nothing to judge
`;

/** Where the command writes. */
export interface JudgeOutput {
  out(text: string): void;
  error(text: string): void;
}

/** Judges a stored history and returns the exit code. */
export function judgeCommand(args: readonly string[], { out, error }: JudgeOutput): 0 | 1 | 2 {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        promises: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
      allowPositionals: true,
    });
    if (values.help === true) {
      out(USAGE);
      return 0;
    }
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) {
      error(USAGE);
      return 2;
    }
    const verdict = checkHistory(readHistory(folder), promisesOf(folder, values.promises));
    out(values.json ? `${JSON.stringify(verdict, null, 2)}\n` : describe(verdict));
    return verdict.verdict === "pass" ? 0 : 1;
  } catch (problem) {
    const isMiscalled = problem instanceof TypeError && "code" in problem;
    error(`${problem instanceof Error ? problem.message : String(problem)}\n${isMiscalled ? USAGE : ""}`);
    return 2;
  }
}

function promisesOf(folder: string, path: string | undefined): Partial<HistoryPromises> {
  const kept = join(folder, PROMISES_FILE);
  if (path === undefined && !existsSync(kept)) return {};
  return readPromises(path ?? kept);
}

function describe(verdict: HistoryVerdict): string {
  const counts = Object.entries(verdict.counts).map(([name, count]) => `${name} ${count}`);
  const held = verdict.invariants.map((one) => `${one.id} ${one.verdict}`);
  return [verdict.verdict, counts.join(", "), held.join(", "), ...describeVerdict(verdict), ""].join("\n");
}
