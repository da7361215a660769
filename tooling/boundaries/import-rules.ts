export interface ImportRule {
  /** The rule applies to the files of this folder, except tests. */
  readonly folder: string;
  /** Packages that may be imported. Node's modules and the folder's own files are always allowed. */
  readonly mayImport: readonly string[];
  /** Packages allowed only in `import()` or for their types, so that they load only when needed. */
  readonly mayLoad?: readonly string[];
  /** Files that may import a computed name, such as a module that the user names. */
  readonly mayCompute?: readonly string[];
}

/** Adapters may import the public API too: each offers a client of its own, built on `createClient`. */
const ADAPTER_BASE = ["@anyqueue/core", "@anyqueue/core/adapter"];

/** Who may import what; the reasons are in ARCHITECTURE.md. */
export const IMPORT_RULES: readonly ImportRule[] = [
  { folder: "packages/core/src", mayImport: [] },
  { folder: "packages/memory/src", mayImport: [...ADAPTER_BASE, "@anyqueue/core/testing"] },
  {
    folder: "packages/sqs/src",
    mayImport: [...ADAPTER_BASE, "@anyqueue/core/testing", "@aws-sdk/client-sqs"],
  },
  { folder: "packages/serverless/src", mayImport: ["@anyqueue/core"] },
  {
    folder: "packages/service-bus/src",
    mayImport: [...ADAPTER_BASE, "@anyqueue/core/testing", "@azure/service-bus"],
    mayLoad: ["@azure/identity"],
  },
  {
    folder: "packages/pubsub/src",
    mayImport: [...ADAPTER_BASE, "@anyqueue/core/testing", "@google-cloud/pubsub"],
  },
  { folder: "packages/emulator/src", mayImport: ["@grpc/grpc-js", "@grpc/proto-loader"] },
  {
    folder: "packages/conformance/src",
    mayImport: ["@anyqueue/core", "@anyqueue/core/adapter", "@anyqueue/core/testing"],
  },
  {
    folder: "packages/cli/src",
    mayImport: [
      "@anyqueue/core",
      "@anyqueue/core/auto",
      "@anyqueue/core/testing",
      "@anyqueue/emulator",
      "@anyqueue/emulator/lambda",
    ],
    mayLoad: ["@anyqueue/memory", "@anyqueue/sqs", "@aws-sdk/client-sqs"],
    mayCompute: [
      "packages/cli/src/invoke/load-function.ts",
      "packages/cli/src/deploy-files/load-definition.ts",
    ],
  },
];
