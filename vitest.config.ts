import { defineConfig } from "vitest/config";
import { longestFirst } from "./tooling/longest-first.ts";

export const SOURCE_CONDITIONS: string[] = ["@anyqueue/source", "node", "development|production"];
const INTEROP = ["**/test/interop/**"];
const CONFORMANCE = ["packages/*/test/conformance*.test.ts"];
/** Against the emulator's servers, with the vendors' SDKs: seconds, and sockets. */
const SOCKETS = ["packages/{sqs,service-bus,pubsub,emulator}/test/**/*.test.ts"];
/** They put another module in the place of an SDK, which no other file may meet. */
export const REPLACING: string[] = [
  "packages/pubsub/test/{publish-calls,receiving,reconnecting,sending,settling,traps-connecting,traps-credentials}.test.ts",
  "packages/pubsub/test/stress/stall-stress.test.ts",
  "packages/sqs/test/sdk-version.test.ts",
];
/** Microsoft's module settles with the first host that it meets, for as long as it is loaded. */
const ONE_HOST = ["packages/service-bus/test/conformance-functions-sdk-*.test.ts"];
/** Both majors of Google's client register their messages under one name, and the later one wins. */
const BOTH_MAJORS = ["packages/pubsub/src/pubsub-wire.test.ts"];
/** It moves the clock of its process. */
const BLOCKING = ["test/blocked-loop.test.ts"];
/** Against its own servers in the same process, with the vendors' SDKs. */
const EMULATOR = ["packages/emulator/test/integration/**/*.test.ts"];
/** The releases with which the peer ranges begin. For Pub/Sub, tests use both majors (`majors.ts`). */
const OLDEST_SDKS = {
  "@aws-sdk/client-sqs": "@aws-sdk/client-sqs-oldest",
  "@azure/service-bus": "@azure/service-bus-oldest",
};
/** What looks into the SDK, or reads its errors: a few seconds of them. */
const OLDEST = [
  "packages/sqs/test/{answers-to-copies,receiving,request-copies,sending,settling,uncopied-requests}.test.ts",
  "packages/service-bus/test/{bad-frames,batches,guard-link-closes,lean-stream,write-at-once}.test.ts",
];
const INTEGRATION = ["packages/*/test/integration/**/*.test.ts", "examples/*/test/**/*.test.ts"];
const KEEP_COMPILED = ["./tooling/keep-compiled.ts"];
const SEEDED = ["./tooling/seeded-properties.ts"];
const OTHERS = [...INTEROP, ...CONFORMANCE, ...INTEGRATION, "**/node_modules/**", "**/dist/**"];

export default defineConfig({
  // Without Vite's usual `module` condition: with it the AWS SDK resolves to a build that only
  // bundlers can read.
  resolve: { conditions: SOURCE_CONDITIONS },
  ssr: { resolve: { conditions: SOURCE_CONDITIONS, externalConditions: SOURCE_CONDITIONS } },
  test: {
    // As many as the smallest machine has processors: with three, cases that share a clock with another process came late.
    maxWorkers: 2,
    sequence: {
      sequencer: longestFirst([
        "packages/conformance/test/explore/exploration.test.ts",
        "packages/cli/test/integration/invoke-cloud-run.test.ts",
        "packages/cli/test/integration/invoke-azure-functions.test.ts",
        "packages/cli/test/integration/invoke-lambda.test.ts",
        "packages/service-bus/test/integration/functions-host.test.ts",
        "examples/01-webhooks/test/demo.test.ts",
      ]),
    },
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    // Vitest's own second is too short for what takes milliseconds on a machine that is not busy.
    expect: { poll: { timeout: 15_000 } },
    unstubEnvs: true,
    reporters: ["default", "./tooling/closing-line.ts"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test-d.ts"],
      reporter: ["text-summary", "json-summary", "lcovonly"],
      reportsDirectory: "coverage",
      thresholds: {
        "packages/core/src/**": { lines: 98 },
      },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // They keep nothing in modules, so they can share them: half of the time would go into loading them anew.
          isolate: false,
          // All of them take milliseconds; a busy machine can make seconds of it.
          testTimeout: 60_000,
          setupFiles: SEEDED,
          include: ["packages/*/{src,test}/**/*.test.ts", "bench/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...SOCKETS, ...BOTH_MAJORS, ...BLOCKING, ...OTHERS],
        },
      },
      {
        extends: true,
        test: {
          name: "sockets",
          // As above: a third of the time went into loading SDKs anew.
          isolate: false,
          // Milliseconds, or a second or two; what works hard has taken 24 s on a machine with five times as much to do.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: SOCKETS,
          exclude: [...REPLACING, ...OTHERS],
          setupFiles: [...KEEP_COMPILED, ...SEEDED],
        },
      },
      {
        extends: true,
        test: {
          // Each has modules of its own.
          name: "alone",
          testTimeout: 150_000,
          hookTimeout: 60_000,
          include: [...REPLACING, ...ONE_HOST, ...BOTH_MAJORS, ...BLOCKING],
          setupFiles: [...KEEP_COMPILED, ...SEEDED],
        },
      },
      {
        extends: true,
        test: {
          name: "oldest",
          isolate: false,
          include: OLDEST,
          alias: OLDEST_SDKS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          setupFiles: [...KEEP_COMPILED, ...SEEDED],
        },
      },
      {
        extends: true,
        // Boundaries, budgets and documents: tests of the repository itself.
        // The first test of a file parses every source, which takes long on a busy machine.
        // Without isolation each worker parses them once.
        test: {
          name: "repository",
          include: ["tooling/**/*.test.ts"],
          isolate: false,
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: "conformance",
          isolate: false,
          include: CONFORMANCE,
          exclude: [...ONE_HOST, "**/node_modules/**"],
          setupFiles: KEEP_COMPILED,
          // A case has 60 s, a slow one 120 s, by the suite's own watch, which ends it before the next one begins; the
          // runner's would not.
          testTimeout: 150_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "emulator",
          isolate: false,
          // Without it, Google's client looks for a metadata server and warns that there is none.
          env: { METADATA_SERVER_DETECTION: "none" },
          include: EMULATOR,
          setupFiles: KEEP_COMPILED,
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: INTEGRATION,
          exclude: [...EMULATOR, "**/node_modules/**"],
          setupFiles: KEEP_COMPILED,
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            // Of these tests alone: the whole repository is checked by `pnpm types`.
            tsconfig: "./tsconfig.type-tests.json",
            include: ["packages/*/{src,test}/**/*.test-d.ts"],
          },
        },
      },
    ],
  },
});
