import type { Sample } from "./gauge.ts";
import type { BurstResult } from "./run-burst.ts";

const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const COLUMNS = 60;

interface Row {
  readonly title: string;
  readonly unit: string;
  readonly height: number;
  readonly value: (sample: Sample) => number;
}

const ROWS: readonly Row[] = [
  { title: "backlog", unit: "orders", height: 4, value: ({ backlog }) => backlog },
  { title: "arriving", unit: "orders/s", height: 2, value: ({ sentPerSecond }) => sentPerSecond },
  { title: "charged", unit: "orders/s", height: 2, value: ({ chargedPerSecond }) => chargedPerSecond },
  { title: "wait p95", unit: "ms", height: 2, value: ({ waitP95Ms }) => waitP95Ms ?? 0 },
];

/** Draws a run as a chart for a terminal. */
export function burstText({
  mode,
  orders,
  charged,
  repeated,
  peakCharges,
  seconds,
  samples,
}: BurstResult): string {
  const heading = `${mode}: ${count(charged)} of ${count(orders)} orders in ${seconds.toFixed(1)} s, at most ${peakCharges} charges at once${repeated === 0 ? "" : `, ${repeated} charged again`}`;
  const charts = ROWS.map((row) => chart(row, samples));
  return [heading, "", ...charts, axis(seconds), ""].join("\n");
}

function chart({ title, unit, height, value }: Row, samples: readonly Sample[]): string {
  const columns = resample(samples.map(value));
  const peak = Math.max(1, ...columns);
  const lines = Array.from({ length: height }, (_, index) => {
    const floor = height - 1 - index;
    const cells = columns.map((each) => blockOf((each / peak) * height - floor)).join("");
    const label = index === 0 ? `${title.padStart(8)} ` : " ".repeat(9);
    const top = index === 0 ? ` ${count(Math.round(peak))} ${unit}` : "";
    return `${label}│${cells}│${top}`;
  });
  return lines.join("\n");
}

function axis(seconds: number): string {
  const end = `${seconds.toFixed(1)} s`;
  return `${" ".repeat(9)}0${end.padStart(COLUMNS + 1)}`;
}

function blockOf(filled: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, filled)) * 8);
  return BLOCKS[eighths] ?? " ";
}

/** Fits the values to the columns of the chart. Each column shows the greatest of its values. */
function resample(values: readonly number[]): readonly number[] {
  return Array.from({ length: COLUMNS }, (_, column) => {
    const from = Math.floor((column * values.length) / COLUMNS);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / COLUMNS));
    return Math.max(0, ...values.slice(from, to));
  });
}

function count(value: number): string {
  return value.toLocaleString("en");
}
