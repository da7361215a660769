import { defineConfig } from "vitest/config";
import { SOURCE_CONDITIONS } from "./vitest.config.ts";

/** Runs against servers and clients that other people wrote; absent ones are reported, not required. */
export default defineConfig({
  resolve: { conditions: SOURCE_CONDITIONS },
  ssr: { resolve: { conditions: SOURCE_CONDITIONS, externalConditions: SOURCE_CONDITIONS } },
  test: {
    name: "interop",
    include: ["packages/*/test/interop/**/*.test.ts"],
    pool: "forks",
    fileParallelism: false,
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", "./tooling/closing-line.ts"],
  },
});
