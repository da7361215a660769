import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CASES, publishable, publishValue, type TargetResults } from "@anyqueue/conformance";
import { ROOT } from "../steps.ts";

/** What the documents' tables are generated from. */
export const RESULTS_FILE: string = join(ROOT, "docs", "reference", "conformance.json");

const UPDATE = "pnpm conformance:report";

interface Documented {
  readonly generatedAt: string;
  readonly targets: readonly { readonly target: string }[];
}

/** For `report` of a conformance test: prints the matrix, and fails if the documents say something else. */
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

/** Writes the results if they differ from those that are there; gives whether they did. */
export function writeDocumented(targets: readonly TargetResults[]): boolean {
  const published = targets.map(publishable);
  if (serialise(readDocumented()?.targets) === serialise(published)) return false;
  const documented: Documented = { generatedAt: new Date().toISOString(), targets: published };
  writeFileSync(RESULTS_FILE, `${serialise(documented)}\n`);
  return true;
}

function readDocumented(): Documented | undefined {
  if (!existsSync(RESULTS_FILE)) return undefined;
  const parsed: Documented = JSON.parse(readFileSync(RESULTS_FILE, "utf8"));
  return parsed;
}

function serialise(value: unknown): string {
  return JSON.stringify(value, publishValue, 2) ?? "";
}
