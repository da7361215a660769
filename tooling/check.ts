// Contributors run this before every commit: all quick steps, and for each failure how to fix it.
// `pnpm check docs` runs one step. Two steps run at a time, and the output of a step appears when it ends.

import { inSeconds, runStep, selectSteps, type Step } from "./steps.ts";

/** The longest step comes first, and the quick ones run beside it. */
const STEPS: readonly Step[] = [
  // `npm test` explores ten times as many seeds, and also runs the tests against servers.
  vitestStep("unit", { project: "unit", env: { ANYQUEUE_EXPLORED_SEEDS: "200" } }),
  { name: "format", command: ["oxfmt", "--check"], fix: "pnpm fix" },
  { name: "lint", command: ["oxlint", "--type-aware"], fix: "pnpm fix, then mend what it still names" },
  { name: "types", command: ["pnpm", "--silent", "types"], fix: "pnpm types" },
  vitestStep("docs", { project: "repository", folder: "tooling/docs" }),
  vitestStep("boundaries", { project: "repository", folder: "tooling/boundaries" }),
  vitestStep("conformance", { project: "conformance", folder: "packages/memory" }),
  { name: "unused", command: ["knip"], fix: "pnpm knip --fix" },
];
const AT_A_TIME = 2;

await main();

async function main(): Promise<void> {
  const waiting = [...selectSteps(STEPS, process.argv.slice(2))];
  const failed: Step[] = [];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      // oxlint-disable-next-line no-await-in-loop
      const { isPassed, seconds } = await runStep(step, { output: "shown when it fails" });
      process.stdout.write(`${isPassed ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${inSeconds(seconds)}\n`);
      if (!isPassed) failed.push(step);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  for (const step of failed) process.stdout.write(`to mend "${step.name}": ${step.fix}\n`);
  if (failed.length > 0) process.exitCode = 1;
}

interface Tests {
  /** A project of `vitest.config.ts`. */
  readonly project: string;
  /** Runs only the tests in this folder. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The `fix` of a test step is the command that runs these tests again with their full output. */
function vitestStep(name: string, { project, folder, env }: Tests): Step {
  const args = ["run", "--project", project, ...(folder === undefined ? [] : [folder])];
  return { name, command: ["vitest", ...args], fix: `pnpm vitest ${args.join(" ")}`, ...(env && { env }) };
}
