import type { ProviderResult } from "./run-provider.ts";

const BAR_WIDTH = 32;
const COLUMNS: readonly (readonly [keyof ProviderResult, string])[] = [
  ["provider", "provider"],
  ["sent", "sent"],
  ["handled", "handled"],
  ["retried", "retried"],
  ["deadLettered", "dead-lettered"],
  ["duplicates", "duplicates"],
  ["lost", "lost"],
  ["messagesPerSecond", "messages/s"],
  ["requestsPerMessage", "requests/message"],
];

/** Redraws one line on a terminal; elsewhere prints a line at each quarter. */
export function progressBar(
  provider: string,
  total: number,
  out: NodeJS.WriteStream,
): (done: number) => void {
  let quarter = -1;
  return (done) => {
    const share = total === 0 ? 1 : done / total;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
    const line = `${provider.padEnd(12)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
    if (out.isTTY) {
      out.write(`\r${line}${done >= total ? "\n" : ""}`);
    } else if (Math.floor(share * 4) > quarter) {
      quarter = Math.floor(share * 4);
      out.write(`${line}\n`);
    }
  };
}

/** The final table, numbers right-aligned. */
export function table(results: readonly ProviderResult[]): string {
  const rows = [
    COLUMNS.map(([, title]) => title),
    ...results.map((result) => COLUMNS.map(([key]) => String(result[key]))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(line)].join("\n");
}
