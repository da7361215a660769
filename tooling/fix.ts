// Fixes what a program can fix: lint errors, formatting, generated documents, API reports.

import { inSeconds, runStep, type Step } from "./steps.ts";

const STEPS: readonly Step[] = [
  { name: "lint", command: ["oxlint", "--type-aware", "--fix"], fix: "mend what oxlint names above" },
  { name: "build", command: ["pnpm", "build"], fix: "pnpm types" },
  { name: "api", command: ["node", "tooling/api-report.ts", "--update"], fix: "pnpm types" },
  {
    name: "documents",
    command: ["node", "tooling/generate-docs.mjs"],
    fix: "pnpm conformance:report, which makes the data",
  },
  // Runs after all steps that write files.
  { name: "format", command: ["oxfmt"], fix: "mend the syntax error named above" },
];

await main();

async function main(): Promise<void> {
  for (const step of STEPS) {
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds } = await runStep(step, { output: "shown when it fails" });
    process.stdout.write(`${isPassed ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${inSeconds(seconds)}\n`);
    if (isPassed) continue;
    process.stdout.write(`left to do by hand: ${step.fix}\n`);
    process.exitCode = 1;
  }
}
