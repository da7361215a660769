// Runs the fault matrix: for every provider, fault and phase the emulated service, producers and consumers in processes of
// their own, a fault, and the check of what they wrote down. `pnpm chaos --only sqs/cut/send --seed 7` runs one cell again.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cellName, cellsOf, selectCells, type Cell } from "./chaos/cell.ts";
import { runCell, type CellResult } from "./chaos/run-cell.ts";
import { rowsTable, describeFailure } from "./chaos/report.ts";

import { FAULT_KINDS } from "./chaos/fault-kinds.ts";

import { ROOT } from "./steps.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    seed: { type: "string", default: "1" },
    folder: { type: "string", default: join(ROOT, ".reports", "chaos") },
    parallel: { type: "string", default: "3" },
  },
});

await main();

async function main(): Promise<void> {
  const seed = Number(values.seed);
  const parallel = Number(values.parallel);
  const all = cellsOf(FAULT_KINDS);
  const cells = values.only.length === 0 ? all : selectCells(all, values.only);
  if (cells.length === 0 || !Number.isSafeInteger(seed) || !(parallel >= 1)) {
    process.stderr.write("usage: pnpm chaos [--only provider/fault/phase] [--seed N] [--parallel N]\n");
    process.exitCode = 2;
    return;
  }
  // Some hundred processes load the same SDKs.
  process.env["NODE_COMPILE_CACHE"] ??= join(ROOT, ".reports", "compile-cache");
  rmSync(values.folder, { recursive: true, force: true });
  mkdirSync(values.folder, { recursive: true });
  const results: CellResult[] = [];
  const waiting = [...cells];
  const lane = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      // oxlint-disable-next-line no-await-in-loop -- a lane has one cell at a time
      const result = await runCell(cell, join(values.folder, "histories"), seed);
      results.push(result);
      show(cell, result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  const rows = results.map(({ row }) => row);
  writeFileSync(join(values.folder, "chaos-report.json"), `${JSON.stringify({ seed, rows }, null, 2)}\n`);
  process.stdout.write(`${rowsTable(rows)}\n`);
  if (rows.some(({ verdict }) => verdict !== "pass")) process.exitCode = 1;
}

function show(cell: Cell, result: CellResult): void {
  process.stdout.write(`${result.row.verdict.padEnd(8)} ${cellName(cell)}\n`);
  if (result.row.verdict !== "pass") process.stdout.write(`${describeFailure(result)}\n`);
}
