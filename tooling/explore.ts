// Runs seeded schedules on the memory queue and judges their histories.
// `pnpm explore 4330` runs one seed again and shows it. `pnpm explore 0 20000` looks for a seed that fails.

import { describeExplored, exploreSeed } from "@anyqueue/conformance";
import { memory } from "@anyqueue/memory";

const USAGE = "usage: pnpm explore <seed> [<count>]";

await main(process.argv.slice(2).map(Number));

async function main([from = Number.NaN, count = 1]: readonly number[]): Promise<void> {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || from < 0 || count < 1) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each seed has the machine to itself
    const explored = await exploreSeed(seed, (clock, order) => ({
      url: "memory:",
      provider: memory({ clock, seed: order }),
    }));
    if (explored.verdict.verdict !== "pass") failed.push(seed);
    if (explored.verdict.verdict !== "pass" || count === 1) {
      process.stdout.write(`${describeExplored(explored)}\n${JSON.stringify(explored.schedule)}\n`);
    }
  }
  process.stdout.write(`${count - failed.length} seeds passed, failed: ${failed.join(", ") || "none"}\n`);
  if (failed.length > 0) process.exitCode = 1;
}
