// Everything that has to hold before a change is merged, in turn, up to the first failure.
// `node tooling/ci.ts lint build` runs some of the steps.

import { inSeconds, runStep, selectSteps, type Step } from "./steps.ts";

const FIX = "pnpm fix";

const STEPS: readonly Step[] = [
  { name: "install", command: ["pnpm", "install", "--frozen-lockfile"], fix: "pnpm install" },
  { name: "format", command: ["oxfmt", "--check"], fix: FIX },
  { name: "lint", command: ["oxlint", "--type-aware"], fix: FIX },
  { name: "types", command: ["pnpm", "--silent", "types"], fix: "pnpm types" },
  { name: "unused", command: ["knip"], fix: "pnpm knip --fix" },
  { name: "boundaries", command: vitest("repository", "tooling/boundaries"), fix: "pnpm check boundaries" },
  { name: "build", command: ["pnpm", "build"], fix: "pnpm build" },
  { name: "packages", command: ["node", "tooling/package-checks/check-packages.ts"], fix: "pnpm build" },
  { name: "consumers", command: ["node", "tooling/package-checks/check-consumers.ts"], fix: "pnpm build" },
  { name: "api", command: ["node", "tooling/api-report.ts"], fix: FIX },
  { name: "size", command: ["node", "tooling/bundle-size.ts"], fix: "see bundles in tooling/budgets.json" },
  {
    name: "functions",
    command: ["node", "tooling/function-size.ts"],
    fix: "see functions in tooling/budgets.json",
  },
  { name: "docs", command: vitest("repository", "tooling/docs"), fix: "pnpm check docs" },
  { name: "entry points", command: ["node", "tooling/load-entry-points.ts"], fix: "pnpm build" },
  // The last step runs all tests on the Node that develops this.
  {
    name: "matrix",
    command: ["node", "tooling/matrix.ts", "--others"],
    fix: "node tooling/matrix.ts <version>",
  },
  { name: "interop", command: ["pnpm", "test:interop"], fix: "pnpm test:interop" },
  { name: "chaos", command: ["pnpm", "--silent", "chaos", "--short"], fix: "pnpm chaos --only <cell>" },
  // Last, so that the line of totals closes the log.
  { name: "tests", command: ["npm", "test", "--", "--coverage"], fix: "npm test" },
];

await main();

async function main(): Promise<void> {
  const steps = selectSteps(STEPS, process.argv.slice(2));
  const times: string[] = [];
  for (const step of steps) {
    if (step.name === "tests") process.stdout.write(`\n${times.join("\n")}\n`);
    process.stdout.write(`\n=== ${step.name}: ${step.command.join(" ")}\n`);
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds } = await runStep(step);
    times.push(`${step.name.padEnd(12)} ${inSeconds(seconds)}`);
    if (isPassed) continue;
    process.stderr.write(`step "${step.name}" failed after ${inSeconds(seconds)}; to mend it: ${step.fix}\n`);
    process.exitCode = 1;
    return;
  }
}

function vitest(project: string, folder: string): readonly string[] {
  return ["vitest", "run", "--project", project, folder];
}
