import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SOURCE_CONDITIONS } from "./vitest.config.ts";

const packages = join(import.meta.dirname, "packages");

/** Tests beside the mutated sources come first: they notice most, quickest, and the first failure ends a mutant's run. */
class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return await Promise.resolve(files.toSorted((one, other) => distance(one) - distance(other)));
  }
}

function distance({ moduleId }: TestSpecification): number {
  if (/\/core\/src\/(batching|consumer|retry)\//u.test(moduleId)) return 0;
  return moduleId.includes("/core/test/") ? 1 : 2;
}

/**
 * The tests that judge mutants of the engine (`pnpm mutate`).
 *
 * The mutation tester works on a copy of the repository whose node_modules still point at the
 * original, so packages are found by folder here: every test then meets the mutated source.
 */
export default defineConfig({
  resolve: {
    conditions: SOURCE_CONDITIONS,
    alias: [
      { find: /^@anyqueue\/([a-z-]+)$/u, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@anyqueue\/([a-z-]+)\/([a-z-]+)$/u, replacement: `${packages}/$1/src/$2.ts` },
    ],
  },
  ssr: { resolve: { conditions: SOURCE_CONDITIONS, externalConditions: SOURCE_CONDITIONS } },
  test: {
    // Those of functions too: nothing in the core itself hands the engine a batch that a platform brings.
    include: ["packages/core/{src,test}/**/*.test.ts", "packages/serverless/test/**/*.test.ts"],
    maxWorkers: 1,
    // A mutant is a matter of one second: evaluating every module again for each test file took most of it.
    isolate: false,
    sequence: { sequencer: NearestFirst },
    restoreMocks: true,
    unstubEnvs: true,
  },
});
