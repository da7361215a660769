import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readFlags, refuseFlags } from "../../tooling/read-flags.ts";
import { judge, readGoals, scenariosOf, type Rounds } from "./report/goals.ts";
import { performancePage } from "./report/performance-page.ts";
import { belowFloors, goalTable, scenarioTable } from "./report/tables.ts";
import type { Measures } from "./scenario.ts";
import type { SoakReport } from "./soak/soak-report.ts";
import { compile } from "./trial/compile.ts";
import { runTrial } from "./trial/run-trial.ts";

/** The packages whose versions are on the published page. */
const PEERS = [
  "@aws-sdk/client-sqs",
  "@azure/service-bus",
  "@google-cloud/pubsub",
  "sqs-consumer",
  "sqs-producer",
  "fastq",
  "p-queue",
];

const USAGE = `usage: pnpm bench [--rounds N] [--window MS] [--only TEXT] [--ci] [--prof] [--node PATH] [--publish]
  --rounds   interleaved rounds (5)
  --window   milliseconds measured in each (1500)
  --only     goals and scenarios with this text in their id or name
  --ci       the goals that have a floor, shorter; measures those below it again, and fails if they stay there
  --prof     CPU profiles of the clients, into bench/.profiles
  --node     another Node for the clients
  --publish  writes docs/performance.md
Packages are measured as they were built last: pnpm build. How it is measured: bench/README.md.
`;
const values = readFlags(USAGE, {
  rounds: { type: "string" },
  window: { type: "string" },
  only: { type: "string", default: "" },
  ci: { type: "boolean", default: false },
  prof: { type: "boolean", default: false },
  node: { type: "string" },
  publish: { type: "boolean", default: false },
});
const roundCount = positive("--rounds", values.rounds, values.ci ? 2 : 5);
const windowMs = positive("--window", values.window, values.ci ? 500 : 1_500);
const goals = readGoals().filter(
  ({ id, floor, scenario }) =>
    (!values.ci || floor !== undefined) && [id, scenario].some((text) => text.includes(values.only)),
);
if (goals.length === 0)
  refuseFlags(USAGE, `--only ${values.only}: no goal and no scenario has that in its name`);

const profiles = fileURLToPath(new URL("../.profiles/", import.meta.url));
if (values.prof) mkdirSync(profiles, { recursive: true });
const options = {
  warmUpMs: values.ci ? 500 : 1_000,
  windowMs,
  execPath: values.node,
  execArgv: values.prof ? ["--cpu-prof", `--cpu-prof-dir=${profiles}`] : [],
};

/** In CI, goals below their floor are measured so many times more: a scenario that is slow itself is so each time. */
const MORE_LOOKS = 3;

await compile();
const rounds = await measure(scenariosOf(goals));
let results = goals.map((goal) => judge(goal, rounds));
for (let look = 0; values.ci && look < MORE_LOOKS; look += 1) {
  const below = goals.filter((_, index) => results[index]?.isBelowFloor === true);
  if (below.length === 0) break;
  process.stdout.write(`${belowFloors(below, results).join("\n")}: measured once more\n`);
  const again = await measure(scenariosOf(below));
  results = results.map((result) => {
    const goal = below.find(({ id }) => id === result.id);
    return goal === undefined ? result : judge(goal, again);
  });
}
process.stdout.write(`${scenarioTable(rounds)}\n\n${goalTable(goals, results)}\n`);
const report = {
  generatedAt: new Date().toISOString(),
  node: process.version,
  rounds: roundCount,
  windowMs,
  scenarios: Object.fromEntries(rounds),
  goals: results,
};
writeFileSync(new URL("../report.json", import.meta.url), `${JSON.stringify(report, null, 1)}\n`);
if (values.publish) {
  const soakFile = new URL("../../docs/reference/soak.json", import.meta.url);
  const soak = JSON.parse(readFileSync(soakFile, "utf8")) as SoakReport;
  const run = { goals, results, rounds, roundCount, windowMs, versions: versionsOf(PEERS), soak };
  writeFileSync(new URL("../../docs/performance.md", import.meta.url), performancePage(run));
}
if (values.ci) {
  const below = belowFloors(goals, results);
  process.stdout.write(`\n${below.length === 0 ? "every floor holds" : below.join("\n")}\n`);
  if (below.length > 0) process.exitCode = 1;
}
process.exit();

async function measure(names: readonly string[]): Promise<Rounds> {
  const trials = new Map<string, Measures[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundCount; round += 1) {
    // Every other round runs in reverse order, so that a machine that slows down favours no scenario.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      trials.get(name)?.push(await runTrial(name, options));
      process.stderr.write(".");
    }
    process.stderr.write(` round ${round + 1} of ${roundCount}\n`);
  }
  return trials;
}

/** Reads the files directly, because not every package exports its `package.json`. */
function versionsOf(packages: readonly string[]): Readonly<Record<string, string>> {
  const read = (name: string): string =>
    readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8");
  return Object.fromEntries(
    packages.map((name) => [name, (JSON.parse(read(name)) as { readonly version: string }).version]),
  );
}

function positive(flag: string, text: string | undefined, standard: number): number {
  const value = text === undefined ? standard : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  return refuseFlags(USAGE, `${flag} ${String(text)}: expected a whole number above 0`);
}
