import type { Sample } from "./gauge.ts";
import type { BurstResult } from "./run-burst.ts";

interface Line {
  readonly style: "backlog" | "sent" | "charged" | "wait";
  readonly name: string;
  readonly value: (sample: Sample) => number | undefined;
}

interface Strip {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

const STRIPS: readonly Strip[] = [
  {
    title: "Backlog",
    unit: "orders",
    lines: [{ style: "backlog", name: "backlog", value: ({ backlog }) => backlog }],
  },
  {
    title: "Throughput",
    unit: "orders/s",
    lines: [
      { style: "sent", name: "arriving", value: ({ sentPerSecond }) => sentPerSecond },
      { style: "charged", name: "charged", value: ({ chargedPerSecond }) => chargedPerSecond },
    ],
  },
  {
    title: "Wait, 95th percentile",
    unit: "ms",
    lines: [{ style: "wait", name: "wait", value: ({ waitP95Ms }) => waitP95Ms }],
  },
];

const PANEL = { width: 400, left: 62, right: 14, top: 62 };
const STRIP = { height: 90, gap: 46 };
const HEIGHT = PANEL.top + STRIPS.length * (STRIP.height + STRIP.gap) + 6;

/** Most colours are readable on white and on black. The others depend on the reader's colour scheme. */
const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  text { fill: #24292f; } .muted { fill: #57606a; } .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #8c959f; stroke-opacity: .35; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .backlog { stroke: #8250df; } .area { fill: #8250df; fill-opacity: .18; stroke: none; }
  .sent { stroke: #bf6a02; stroke-dasharray: 5 3; } .charged { stroke: #1a7f37; } .wait { stroke: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .muted { fill: #9da7b3; }
    .backlog { stroke: #a371f7; } .area { fill: #a371f7; }
    .sent { stroke: #e3a13c; } .charged { stroke: #3fb950; } .wait { stroke: #58a6ff; }
  }`;

/** Draws the runs side by side, with the same scales of time, orders, rate and wait. */
export function burstSvg(results: readonly BurstResult[]): string {
  const samples = results.flatMap((result) => result.samples);
  const endMs = Math.max(1, ...samples.map(({ atMs }) => atMs));
  const peaks = STRIPS.map(({ lines }) =>
    niceCeiling(Math.max(0, ...lines.flatMap(({ value }) => samples.map((sample) => value(sample) ?? 0)))),
  );
  const width = results.length * PANEL.width;
  const panels = results.map((result, index) => panel(result, index * PANEL.width, endMs, peaks));
  const title = `${results[0]?.orders.toLocaleString("en") ?? 0} orders in a burst`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}">`,
    `<style>${STYLE}\n</style>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

/** The smallest of 1, 2, 5, 10, 20 … that is not less than `value`. */
export function niceCeiling(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return factor * power;
}

function panel(result: BurstResult, x: number, endMs: number, peaks: readonly number[]): string {
  const { mode, orders, seconds, peakCharges, samples } = result;
  const strips = STRIPS.map((each, index) => strip(each, index, samples, endMs, peaks[index] ?? 1));
  return [
    `<g transform="translate(${x} 0)">`,
    `<text class="title" x="${PANEL.left}" y="20">${mode} mode</text>`,
    `<text class="muted" x="${PANEL.left}" y="37">${orders.toLocaleString("en")} orders in ${seconds.toFixed(1)} s, at most ${peakCharges} charges at once</text>`,
    ...strips,
    "</g>",
  ].join("\n");
}

function strip(
  { title, unit, lines }: Strip,
  index: number,
  samples: readonly Sample[],
  endMs: number,
  peak: number,
): string {
  const bottom = PANEL.top + index * (STRIP.height + STRIP.gap) + STRIP.height;
  const top = bottom - STRIP.height;
  const right = PANEL.width - PANEL.right;
  const x = (atMs: number): string => (PANEL.left + (atMs / endMs) * (right - PANEL.left)).toFixed(1);
  const y = (value: number): string => (bottom - (value / peak) * STRIP.height).toFixed(1);
  const level = (share: number): string =>
    `<line class="grid" x1="${PANEL.left}" x2="${right}" y1="${y(peak * share)}" y2="${y(peak * share)}"/>` +
    `<text class="muted" text-anchor="end" x="${PANEL.left - 6}" y="${Number(y(peak * share)) + 4}">${(peak * share).toLocaleString("en")}</text>`;
  const drawn = lines.map(({ style, value }) => {
    const points = samples.flatMap((sample) => {
      const at = value(sample);
      return at === undefined ? [] : [`${x(sample.atMs)},${y(at)}`];
    });
    const from = `${x(0)},${y(0)}`;
    const end = x(samples.at(-1)?.atMs ?? 0);
    const area =
      style === "backlog"
        ? `<polygon class="area" points="${[from, ...points, `${end},${y(0)}`].join(" ")}"/>`
        : "";
    return `${area}<polyline class="line ${style}" points="${[from, ...points].join(" ")}"/>`;
  });
  return [
    `<text x="${PANEL.left}" y="${top - 7}">${title}, <tspan class="muted">${unit}</tspan></text>`,
    legend(lines, right, top - 7),
    level(0),
    level(0.5),
    level(1),
    ...drawn,
    `<text class="muted" text-anchor="end" x="${right}" y="${bottom + 15}">${(endMs / 1_000).toFixed(1)} s</text>`,
    `<text class="muted" x="${PANEL.left}" y="${bottom + 15}">0</text>`,
  ].join("\n");
}

/** The legend of a strip. Empty if the strip has only one line. */
function legend(lines: readonly Line[], right: number, y: number): string {
  if (lines.length < 2) return "";
  return lines
    .toReversed()
    .map(({ style, name }, index) => {
      const x = right - index * 92;
      return `<line class="line ${style}" x1="${x - 78}" x2="${x - 58}" y1="${y - 4}" y2="${y - 4}"/><text class="muted" x="${x - 52}" y="${y}">${name}</text>`;
    })
    .join("");
}
