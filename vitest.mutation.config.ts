import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SOURCE_CONDITIONS } from "./vitest.config.ts";

const packages = join(import.meta.dirname, "packages");

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
    include: ["packages/core/{src,test}/**/*.test.ts"],
    maxWorkers: 1,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
