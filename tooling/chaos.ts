// Runs the fault matrix. Each cell combines a provider, a fault and a phase: an emulated service, producers
// and consumers in processes of their own, the fault, and a check of the histories that the processes wrote.
// `pnpm chaos --only sqs/cut/send --seed 7` runs one cell again.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BACKLOG } from "./chaos/backlog-plan.ts";
import { cellName, cellsOf, type Cell } from "./chaos/cell.ts";
import { FAULT_KINDS } from "./chaos/fault-kinds.ts";
import { plannedCells, requestedCells, type PlannedCell, type RunRequest } from "./chaos/plan-run.ts";
import { describeFailure, publishedReport, rowName, rowsTable } from "./chaos/report.ts";
import type { Row } from "./chaos/row.ts";
import { runBacklog } from "./chaos/run-backlog.ts";
import { runCell } from "./chaos/run-cell.ts";
import { readFlags, refuseFlags } from "./read-flags.ts";
import { ROOT } from "./steps.ts";

const USAGE = `usage: pnpm chaos [--only provider/fault/phase]… [--short] [--seed N] [--minutes N] [--parallel N] [--again] [--publish]
  --only      cells, each part perhaps with *; parts that are left out fit everything
  --short     the cells that run before every merge
  --minutes   goes round the cells for so long, every round under another seed
  --parallel  cells at a time (3)
  --again     a cell that failed by time alone runs once more at the end, by itself, and that run counts
  --publish   writes docs/reference/chaos.json, from which the table in docs/reliability.md is generated
`;
const PUBLISHED = join(ROOT, "docs", "reference", "chaos.json");

const values = readFlags(USAGE, {
  only: { type: "string", multiple: true, default: [] },
  short: { type: "boolean", default: false },
  seed: { type: "string", default: "1" },
  minutes: { type: "string" },
  parallel: { type: "string", default: "3" },
  again: { type: "boolean", default: false },
  folder: { type: "string", default: join(ROOT, ".reports", "chaos") },
  publish: { type: "boolean", default: false },
});

await main();

async function main(): Promise<void> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const request: RunRequest = { only: values.only, short: values.short, seed: Number(values.seed), minutes };
  const cells = requestedCells(cellsOf(FAULT_KINDS), request);
  const parallel = Number(values.parallel);
  const isSound = Number.isSafeInteger(request.seed) && parallel >= 1 && (minutes ?? 1) > 0;
  if (cells.length === 0) refuseFlags(USAGE, `no such cell: ${values.only.join(", ")}`);
  if (!isSound) refuseFlags(USAGE, "--seed, --minutes and --parallel take numbers");
  // Hundreds of processes load the same SDKs.
  process.env["NODE_COMPILE_CACHE"] ??= join(ROOT, ".reports", "compile-cache");
  rmSync(values.folder, { recursive: true, force: true });
  mkdirSync(values.folder, { recursive: true });
  const first = await runAll(plannedCells(cells, request), parallel, minutes);
  const rows = values.again ? await runLateAgain(first, cells) : first;
  const report = { seed: request.seed, rows };
  writeFileSync(join(values.folder, "chaos-report.json"), `${JSON.stringify(report, null, 2)}\n`);
  if (values.publish) writeFileSync(PUBLISHED, publishedReport(report, new Date()));
  process.stdout.write(`${rowsTable(rows)}\n`);
  if (rows.some(({ verdict }) => verdict !== "pass")) process.exitCode = 1;
}

async function runAll(
  planned: Generator<PlannedCell>,
  parallel: number,
  minutes: number | undefined,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const endsAt = performance.now() + (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  const lane = async (): Promise<void> => {
    for (const one of planned) {
      // oxlint-disable-next-line no-await-in-loop -- a lane runs one cell at a time
      rows.push(await runOne(one));
      if (performance.now() > endsAt) return;
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return rows;
}

/** Runs late cells again, one at a time. A cell that is late again is slow itself. */
async function runLateAgain(rows: readonly Row[], cells: readonly Cell[]): Promise<readonly Row[]> {
  const result: Row[] = [];
  for (const row of rows) {
    const cell = cells.find((one) => cellName(one) === rowName(row));
    // oxlint-disable-next-line no-await-in-loop -- each runs by itself
    result.push(row.isLate && cell !== undefined ? await runOne({ cell, seed: row.seed }) : row);
  }
  return result;
}

async function runOne({ cell, seed }: PlannedCell): Promise<Row> {
  const run = cell.fault === BACKLOG ? runBacklog : runCell;
  const result = await run(cell, join(values.folder, "histories"), seed);
  const { row, folder } = result;
  const problem = row.verdict === "pass" ? "" : `${describeFailure(result)}\n`;
  const verdict = row.isLate ? "late" : row.verdict;
  process.stdout.write(`${verdict.padEnd(8)} ${cellName(cell)}\n${problem}`);
  // A soak would fill the disk with histories that nobody will read.
  if (row.verdict === "pass") rmSync(folder, { recursive: true, force: true });
  else writeFileSync(join(folder, "verdict.json"), `${JSON.stringify(result, null, 2)}\n`);
  return row;
}
