// What a contributor runs before every commit: all the quick steps, each failure with its remedy.
// `pnpm check docs` runs one of them.

import { inSeconds, runStep, selectSteps, type Step } from "./steps.ts";

const STEPS: readonly Step[] = [
  { name: "format", command: ["oxfmt", "--check"], fix: "pnpm fix" },
  { name: "lint", command: ["oxlint", "--type-aware"], fix: "pnpm fix, then mend what it still names" },
  { name: "types", command: ["pnpm", "--silent", "types"], fix: "pnpm types" },
  { name: "unused", command: ["knip"], fix: "pnpm knip --fix" },
  vitestStep("unit", "unit"),
  vitestStep("conformance", "conformance", "packages/memory"),
  vitestStep("boundaries", "repository", "tooling/boundaries"),
  vitestStep("docs", "repository", "tooling/docs"),
];

await main();

async function main(): Promise<void> {
  const failed: Step[] = [];
  for (const step of selectSteps(STEPS, process.argv.slice(2))) {
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds } = await runStep(step, { quiet: true });
    process.stdout.write(`${isPassed ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${inSeconds(seconds)}\n`);
    if (!isPassed) failed.push(step);
  }
  for (const step of failed) process.stdout.write(`to mend "${step.name}": ${step.fix}\n`);
  if (failed.length > 0) process.exitCode = 1;
}

/** The remedy of a test step is the command that runs these tests again, with their full output. */
function vitestStep(name: string, project: string, ...folders: string[]): Step {
  const args = ["run", "--project", project, ...folders];
  return { name, command: ["vitest", ...args], fix: `pnpm vitest ${args.join(" ")}` };
}
