// Measures whole functions as they are deployed: bundled with the engine and everything they use, without
// the vendor's SDK. Checks the bytes, also against the documents, the milliseconds of a cold import, and that
// the bundle imports no SDK. Needs a build.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { saidSizes } from "./docs/said-sizes.ts";
import { builtPackages } from "./published-packages.ts";
import { ROOT } from "./steps.ts";

interface Budgets {
  /** By the function's file. */
  readonly functions: Readonly<Record<string, FunctionBudget>>;
}

interface FunctionBudget {
  readonly maxGzipBytes: number;
  readonly maxImportMs: number;
  /** Packages that it leaves to its runtime. The bundle must not import them. */
  readonly without: readonly string[];
}

/** The quickest of these runs counts: a busy machine makes an import slower, never quicker. */
const RUNS = 7;
/** Over budget it is imported up to so many times: what is too slow itself is so every time. */
const MOST_RUNS = 100;

const BUDGET = "budget: see functions in tooling/budgets.json";

await main();

async function main(): Promise<void> {
  builtPackages();
  const { functions }: Budgets = JSON.parse(readFileSync(join(ROOT, "tooling", "budgets.json"), "utf8"));
  for (const [file, budget] of Object.entries(functions)) {
    // One after the other, because they are timed.
    // oxlint-disable-next-line no-await-in-loop
    await measure(file, budget);
  }
}

async function measure(file: string, budget: FunctionBudget): Promise<void> {
  const result = await build({
    entryPoints: [join(ROOT, file)],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    // esbuild warns about bare imports of chunks, which cost nothing.
    logLevel: "error",
    format: "esm",
    platform: "node",
    outdir: "out",
    external: [...budget.without],
  });
  const code = result.outputFiles[0]?.contents ?? new Uint8Array();
  const bytes = gzipSync(code, { level: 9 }).length;
  const importMs = coldImportMs(code, budget.maxImportMs);
  process.stdout.write(
    `${file.padEnd(28)} ${bytes} of ${budget.maxGzipBytes} bytes (${code.length} minified), cold import ${importMs.toFixed(1)} of ${budget.maxImportMs} ms\n`,
  );
  checkDocuments(file, bytes);
  if (bytes > budget.maxGzipBytes) fail(`${file} is ${bytes - budget.maxGzipBytes} bytes over its ${BUDGET}`);
  if (importMs > budget.maxImportMs)
    fail(`${file} takes ${importMs.toFixed(1)} ms to import, over its ${BUDGET}`);
  const imported = Object.values(result.metafile.outputs).flatMap((output) => output.imports);
  for (const { path } of imported) {
    if (!isBuiltin(path)) fail(`${file} imports ${path}, which it must do without`);
  }
}

/** The documents state whole kilobytes. */
function checkDocuments(file: string, bytes: number): void {
  const kilobytes = Math.round(bytes / 1_000);
  for (const said of saidSizes().filter(({ of }) => of === file)) {
    if (said.kilobytes !== kilobytes)
      fail(`${said.document} says that ${file} has ${said.kilobytes} kB: write ${kilobytes} kB`);
  }
}

/** Measures the import in a new process, without the time that Node needs to start. */
function coldImportMs(code: Uint8Array, maxMs: number): number {
  const folder = mkdtempSync(join(tmpdir(), "anyqueue-function-"));
  try {
    const bundle = join(folder, "function.mjs");
    writeFileSync(bundle, code);
    const program = `const at = performance.now(); await import(${JSON.stringify(pathToFileURL(bundle).href)}); console.log(performance.now() - at);`;
    const args = ["--input-type=module", "--eval", program];
    let quickestMs = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS || (run < MOST_RUNS && quickestMs > maxMs); run += 1) {
      const ms = Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
      quickestMs = Math.min(quickestMs, ms);
    }
    return quickestMs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
