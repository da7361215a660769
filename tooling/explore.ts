// Runs seeded schedules and judges their histories: on the queue in memory, or with `--on` over a vendor's
// SDK and the emulator. `pnpm explore 4330` runs one seed again and shows it. `pnpm explore 0 20000` looks
// for a seed that fails, and so does `pnpm explore 0 200 --on pubsub-ordered`.

import { inspect, parseArgs } from "node:util";
import { describeExplored, exploreSeed, type Explored } from "@anyqueue/conformance";
import { memory } from "@anyqueue/memory";
import { CLOUDS, stageOf, type StageName } from "./chaos/providers.ts";
import { exploreService } from "./explore/explore-service.ts";
import { refuseFlags } from "./read-flags.ts";

const USAGE = `usage: pnpm explore <seed> [<count>] [--on <stage>]
  --on  ${CLOUDS.join(", ")}; the queue in memory otherwise
`;

const { seed: first, count, on } = readRequest(process.argv.slice(2));
const failed: number[] = [];
for (let seed = first; seed < first + count; seed += 1) {
  // What nobody handles ends the process with code 1, and a warning of the seed.
  process.once("uncaughtExceptionMonitor", () => process.stderr.write(`seed ${seed}:\n`));
  // oxlint-disable-next-line no-await-in-loop -- each seed has the machine to itself
  const text = await outcomeOf(seed).catch((error: unknown) => `seed ${seed} broke off: ${inspect(error)}\n`);
  process.removeAllListeners("uncaughtExceptionMonitor");
  if (text === undefined) continue;
  failed.push(seed);
  process.stdout.write(text);
}
process.stdout.write(`${count - failed.length} seeds passed, failed: ${failed.join(", ") || "none"}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** What to show of a seed that failed; a seed that is run alone is always shown. */
async function outcomeOf(seed: number): Promise<string | undefined> {
  const explored = await explore(seed);
  const isPassed = explored.verdict.verdict === "pass";
  const flags = on === undefined ? "" : `--on ${on}`;
  const text = `${describeExplored(explored, flags)}\n${JSON.stringify(explored.schedule)}\n`;
  if (isPassed && count === 1) process.stdout.write(text);
  return isPassed ? undefined : text;
}

async function explore(seed: number): Promise<Explored> {
  if (on !== undefined) return await exploreService(stageOf(on), seed);
  return await exploreSeed(seed, (clock, order) => ({
    url: "memory:",
    provider: memory({ clock, seed: order }),
  }));
}

interface Request {
  readonly seed: number;
  readonly count: number;
  readonly on: StageName | undefined;
}

function readRequest(args: readonly string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { on: { type: "string" } },
      allowPositionals: true,
    });
    const [seed = Number.NaN, runs = 1] = positionals.map(Number);
    const stage = CLOUDS.find((name) => name === values.on);
    if (values.on !== undefined && stage === undefined) refuseFlags(USAGE, `no such stage: ${values.on}`);
    const isSound = Number.isSafeInteger(seed) && Number.isSafeInteger(runs) && seed >= 0 && runs >= 1;
    if (!isSound || positionals.length > 2) refuseFlags(USAGE, "a seed and a count are whole numbers");
    return { seed, count: runs, on: stage };
  } catch (error) {
    return refuseFlags(USAGE, String(error));
  }
}
