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

/** Reports the progress of one provider. */
export type Progress = (provider: string, done: number) => void;

/** One bar per provider. A terminal redraws the bars; elsewhere each quarter is a line. */
export function progressBars(
  providers: readonly string[],
  total: number,
  out: Pick<NodeJS.WriteStream, "isTTY" | "write">,
): Progress {
  const shares = new Map(providers.map((provider) => [provider, 0]));
  const draw = (): string => [...shares].map(([provider, share]) => `${bar(provider, share)}\n`).join("");
  if (!out.isTTY) return quarters(total, out);
  out.write(draw());
  return (provider, done) => {
    shares.set(provider, done / total);
    out.write(`\u001B[${shares.size}A${draw()}`);
  };
}

function quarters(total: number, out: Pick<NodeJS.WriteStream, "write">): Progress {
  const shown = new Map<string, number>();
  return (provider, done) => {
    const quarter = Math.floor((done / total) * 4);
    if (quarter <= (shown.get(provider) ?? -1)) return;
    shown.set(provider, quarter);
    out.write(`${bar(provider, done / total)}\n`);
  };
}

function bar(provider: string, share: number): string {
  const filled = Math.round(share * BAR_WIDTH);
  const blocks = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
  return `${provider.padEnd(12)} ${blocks} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** The final table, with numbers right-aligned. */
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
