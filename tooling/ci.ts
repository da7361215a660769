// Runs everything that must pass before a change is merged, and stops at the first failure.
// `node tooling/ci.ts lint build` runs some of the steps.

import { filterStages, runStages, type Lane, type Stage } from "./run-stages.ts";
import { selectSteps, type Step } from "./steps.ts";

const FIX = "pnpm fix";

const INSTALL: Step = {
  name: "install",
  command: ["pnpm", "install", "--frozen-lockfile"],
  fix: "pnpm install",
};
const BUILD: Step = { name: "build", command: ["pnpm", "build"], fix: "pnpm build" };
const TYPES: Step = { name: "types", command: ["pnpm", "--silent", "types"], fix: "pnpm types" };

/**
 * Runs after the build, because the build puts files of its own beside the sources for a moment. Boundaries and
 * documents are tests, and run with the others.
 */
const SOURCES: Lane = [
  { name: "format", command: ["oxfmt", "--check"], fix: FIX },
  { name: "lint", command: ["oxlint", "--type-aware"], fix: FIX },
  { name: "unused", command: ["knip"], fix: "pnpm knip --fix" },
  { name: "api", command: ["node", "tooling/api-report.ts"], fix: FIX },
  // Of the core by its own tests. Measuring all tests makes those of the explorer half as slow again.
  { name: "coverage", command: ["pnpm", "--silent", "test:coverage"], fix: "pnpm test:coverage" },
];

const PACKAGES: Lane = [
  { name: "packages", command: ["node", "tooling/package-checks/check-packages.ts"], fix: "pnpm build" },
  { name: "consumers", command: ["node", "tooling/package-checks/check-consumers.ts"], fix: "pnpm build" },
  { name: "size", command: ["node", "tooling/bundle-size.ts"], fix: "see bundles in tooling/budgets.json" },
  { name: "entry points", command: ["node", "tooling/load-entry-points.ts"], fix: "pnpm build" },
];

/** These steps measure time, so nothing runs beside them. */
const TIMED: Lane = [
  {
    name: "functions",
    command: ["node", "tooling/function-size.ts"],
    fix: "see functions in tooling/budgets.json",
  },
  { name: "bench", command: ["pnpm", "--silent", "bench:ci"], fix: "pnpm bench:ci" },
];

/** Runs the other versions of Node. The last step runs all tests on the version used for development. */
const MATRIX: Step = {
  name: "matrix",
  command: ["node", "tooling/matrix.ts", "--others"],
  fix: "node tooling/matrix.ts <version>",
};

/** Mostly waits, so other steps run beside it. A cell that is only late runs again alone (decision 42). */
const CHAOS: Step = {
  name: "chaos",
  command: ["pnpm", "--silent", "chaos", "--short", "--parallel", "6", "--again"],
  fix: "pnpm chaos --only <cell>",
};

/** Runs alone: leases on third-party servers last seconds, and a busy machine can miss them. */
const INTEROP: Step = { name: "interop", command: ["pnpm", "test:interop"], fix: "pnpm test:interop" };

/** Runs last, so that the log ends with the line of totals. */
const TESTS: Step = { name: "tests", command: ["npm", "test"], fix: "npm test" };

const STAGES: readonly Stage[] = [
  [[INSTALL]],
  [[BUILD], [TYPES]],
  [[CHAOS], PACKAGES, SOURCES, [MATRIX]],
  [TIMED],
  [[INTEROP]],
  [[TESTS]],
];

await main();

async function main(): Promise<void> {
  const wanted = selectSteps(STAGES.flat(2), process.argv.slice(2));
  const stages = filterStages(STAGES, (step) => wanted.includes(step));
  const onLastStage = (times: readonly string[]): void => {
    if (times.length > 0) process.stdout.write(`\n${times.join("\n")}\n`);
  };
  if (!(await runStages(stages, { onLastStage }))) process.exitCode = 1;
}
