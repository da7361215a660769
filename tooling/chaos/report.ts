import type { CellResult } from "./run-cell.ts";
import type { Row } from "./row.ts";

const COLUMNS: readonly (readonly [title: string, of: (row: Row) => string | number])[] = [
  ["provider", ({ provider }) => provider],
  ["fault", ({ fault }) => fault],
  ["phase", ({ phase }) => phase],
  ["confirmed", ({ confirmed }) => confirmed],
  ["lost", ({ lost }) => lost],
  ["justified duplicates", ({ justifiedDuplicates }) => justifiedDuplicates],
  ["unjustified", ({ unjustifiedDuplicates }) => unjustifiedDuplicates],
  ["out of order", ({ orderViolations }) => orderViolations],
  ["recovery ms", ({ recoveryMs }) => recoveryMs ?? "-"],
  ["verdict", ({ verdict }) => verdict],
];

/** Formats all rows as a table for a terminal. */
export function rowsTable(rows: readonly Row[]): string {
  const cells = [
    COLUMNS.map(([title]) => title),
    ...rows.map((row) => COLUMNS.map(([, of]) => String(of(row)))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Why a cell did not pass, with the smallest counter-example and the command that runs it again. */
export function describeFailure({ row, verdict, folder }: CellResult): string {
  const exhibit = (verdict?.invariants ?? [])
    .filter((one) => one.verdict === "fail")
    .flatMap(({ findings }) => findings)
    .find(({ timeline }) => timeline.length > 0);
  return [
    ...row.problems.map((problem) => `    ${problem}`),
    ...(exhibit?.timeline ?? []).map((event) => `      ${JSON.stringify(event)}`),
    `    histories: ${folder}`,
    `    again: pnpm chaos --only ${rowName(row)} --seed ${row.seed}`,
  ].join("\n");
}

/** The rows for the documents, without the fields that only the run needs. */
export function publishedReport(
  { seed, rows }: { readonly seed: number; readonly rows: readonly Row[] },
  at: Date,
): string {
  const kept = rows
    .map(({ problems, seed: _seed, isLate: _isLate, ...row }) =>
      problems.length === 0 ? row : { ...row, problems },
    )
    .toSorted((a, b) => rowName(a).localeCompare(rowName(b), "en"));
  return `${JSON.stringify({ date: at.toISOString().slice(0, 10), seed, rows: kept }, null, 2)}\n`;
}

/** The name of a row's cell. */
export function rowName({ provider, fault, phase }: Pick<Row, "provider" | "fault" | "phase">): string {
  return `${provider}/${fault}/${phase}`;
}
