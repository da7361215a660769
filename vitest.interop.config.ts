import { defineConfig } from "vitest/config";
import { longestFirst } from "./tooling/longest-first.ts";
import { SOURCE_CONDITIONS } from "./vitest.config.ts";

/** Minutes of waiting for each kind, and Go's compiler before: run by request, beside the one of Google's kinds that always runs. */
const BY_REQUEST = ["packages/pubsub/test/interop/pstest.test.ts"];

/** Runs against servers and clients that other people wrote; absent ones are reported, not required. */
export default defineConfig({
  resolve: { conditions: SOURCE_CONDITIONS },
  ssr: { resolve: { conditions: SOURCE_CONDITIONS, externalConditions: SOURCE_CONDITIONS } },
  test: {
    name: "interop",
    include: ["packages/*/test/interop/**/*.test.ts"],
    exclude: ["**/node_modules/**", ...(process.env["ANYQUEUE_INTEROP"] === "all" ? [] : BY_REQUEST)],
    pool: "forks",
    // These files wait more than they work: for leases in real time, and for Terraform.
    maxWorkers: 4,
    // The whole run takes as long as the first of them.
    sequence: {
      sequencer: longestFirst([
        "packages/pubsub/test/interop/google-emulator.test.ts",
        "packages/sqs/test/interop/moto.test.ts",
        "packages/emulator/test/interop/terraform.test.ts",
        "packages/sqs/test/interop/fauxqs.test.ts",
        "packages/sqs/test/interop/local-aws-sqs.test.ts",
        "packages/emulator/test/interop/service-bus/python.test.ts",
        "packages/emulator/test/interop/pubsub/differential/differential.test.ts",
      ]),
    },
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // The verbose one says why a test was skipped.
    reporters: ["verbose", "./tooling/closing-line.ts"],
  },
});
