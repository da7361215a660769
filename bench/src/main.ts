// pnpm bench [-- --rounds 3 --window 1500 --only sqs]: interleaved rounds, a fresh process per trial, ratios first.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { median } from "./measure.ts";
import { runTrial, type Trial } from "./run-trial.ts";
import { GROUPS } from "./scenarios/all.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    window: { type: "string", default: "1500" },
    only: { type: "string", default: "" },
  },
});

interface Row {
  readonly name: string;
  readonly messagesPerSecond: readonly number[];
  readonly cpuMicrosPerMessage: readonly number[];
  readonly requestsPerMessage: readonly number[];
  /** Medians of the rounds; empty where a call is no round trip. */
  readonly roundTripMs: readonly number[];
}

const groups = GROUPS.map((group) =>
  group.map((scenario) => scenario.name).filter((name) => name.includes(values.only)),
);
const trials = new Map<string, Trial[]>();
for (let round = 0; round < Number(values.rounds); round += 1) {
  // Order is reversed every other round, so that a machine that slows down favours nobody.
  for (const name of round % 2 === 0 ? groups.flat() : groups.flat().toReversed()) {
    const trial = await runTrial(name, Number(values.window));
    if (trial.fault !== undefined) throw new Error(`${name}: ${trial.fault}`);
    trials.set(name, [...(trials.get(name) ?? []), trial]);
  }
}

const tables = groups.filter((group) => group.length > 0).map((group) => group.map(rowOf));
process.stdout.write(`${tables.map(render).join("\n\n")}\n`);
writeFileSync(
  new URL("../report.json", import.meta.url),
  `${JSON.stringify({ node: process.version, rounds: Number(values.rounds), groups: tables }, null, 1)}\n`,
);

function rowOf(name: string): Row {
  const all = trials.get(name) ?? [];
  return {
    name,
    messagesPerSecond: all.map(({ measurement: m }) => m.messages / m.seconds),
    cpuMicrosPerMessage: all.map(({ measurement: m }) => m.cpuMicros / Math.max(1, m.messages)),
    requestsPerMessage: all.map((trial) => trial.requestsPerMessage),
    roundTripMs: all.flatMap(({ measurement: m }) => m.roundTripMs ?? []),
  };
}

/** The first row is ours; ratios are paired by round. */
function render(rows: readonly Row[]): string {
  const [ours] = rows;
  const lines = rows.map((row) => {
    const speed = ratio(ours?.messagesPerSecond, row.messagesPerSecond);
    const cpu = ratio(ours?.cpuMicrosPerMessage, row.cpuMicrosPerMessage);
    const cells = [row.name, spread(row.messagesPerSecond), spread(row.cpuMicrosPerMessage), speed, cpu];
    const roundTrip = row.roundTripMs.length === 0 ? "" : spread(row.roundTripMs, 2);
    return `| ${[...cells, median(row.requestsPerMessage).toFixed(3), roundTrip].join(" | ")} |`;
  });
  const head =
    "| scenario | messages/s | CPU µs/message | ours ÷ this: speed | CPU | requests/message | round trip ms |";
  return [head, "|---|---|---|---|---|---|---|", ...lines].join("\n");
}

function ratio(ours: readonly number[] = [], theirs: readonly number[]): string {
  return spread(
    theirs.map((value, round) => (ours[round] ?? Number.NaN) / value),
    2,
  );
}

function spread(numbers: readonly number[], digits = 0): string {
  const text = (value: number): string =>
    value < 100 && digits === 0 ? value.toFixed(1) : value.toFixed(digits);
  return `${text(median(numbers))} [${text(Math.min(...numbers))}–${text(Math.max(...numbers))}]`;
}
