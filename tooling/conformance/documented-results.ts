import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CASES, publishable, publishValue, type TargetResults } from "@anyqueue/conformance";
import { ROOT } from "../steps.ts";

/** The source of the generated tables in the documents. */
const RESULTS_FILE: string = join(ROOT, "docs", "reference", "conformance.json");

const UPDATE = "pnpm conformance:report";

interface Documented {
  readonly generatedAt: string;
  /** Title and rule of each case by its id, the same for every target. */
  readonly claims: Readonly<Record<string, { readonly title: string; readonly rule: string }>>;
  readonly targets: readonly { readonly target: string }[];
}

/** The `report` of a conformance test: prints the matrix, and fails if the documents differ from it. */
export function assertDocumented(matrix: string, results: TargetResults): void {
  process.stdout.write(`\n${matrix}\n`);
  // A run of some cases says nothing about the others.
  if (results.cases.length !== CASES.length || results.failed > 0) return;
  const documented = readDocumented()?.targets.find(({ target }) => target === results.target);
  if (serialise(documented) === serialise(publishable(results))) return;
  throw new Error(
    `the results of ${results.target} are not those of docs/reference/conformance.json; run: ${UPDATE}`,
  );
}

/** Writes the results if they differ from the documented ones. Returns whether they did. */
export function writeDocumented(results: readonly TargetResults[]): boolean {
  const claims = Object.fromEntries(CASES.map(({ id, title, rule }) => [id, { title, rule }]));
  const targets = results.map(publishable);
  const before = readDocumented();
  const isSame = serialise([before?.claims, before?.targets]) === serialise([claims, targets]);
  if (isSame) return false;
  const documented: Documented = { generatedAt: new Date().toISOString(), claims, targets };
  writeFileSync(RESULTS_FILE, `${serialise(documented)}\n`);
  return true;
}

function readDocumented(): Documented | undefined {
  if (!existsSync(RESULTS_FILE)) return undefined;
  const parsed: Documented = JSON.parse(readFileSync(RESULTS_FILE, "utf8"));
  return parsed;
}

/** Writes one result per line, in the layout of the formatter. */
function serialise(value: unknown): string {
  const text = JSON.stringify(value, publishValue, 2) ?? "";
  return text.replaceAll(/\{\n\s+("id": "[^"]+"),\n\s+("outcome": "[^"]+")\n\s+\}/gu, "{ $1, $2 }");
}
