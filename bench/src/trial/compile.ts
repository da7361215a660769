import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCE = new URL("../", import.meta.url);
const OUT = new URL("../../.compiled/", import.meta.url);

const ENTRIES = [
  "trial/worker",
  "soak/client",
  "stubs/sqs",
  "stubs/service-bus",
  "stubs/service-bus-emulator",
  "stubs/pubsub",
  "cold/core-cost",
  "cold/pending-sends",
  "cold/tracing-cost",
  "cold/import-core",
  "cold/import-adapters",
  "cold/service-bus-anyqueue",
  "cold/service-bus-sdk",
  "cold/sqs-anyqueue",
  "cold/sqs-sdk",
  "cold/pubsub-anyqueue",
  "cold/pubsub-sdk",
];

/** Children run plain JavaScript: what strips types at run time takes 30 MB and half a second of each process. */
export async function compile(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  await build({
    entryPoints: Object.fromEntries(
      ENTRIES.map((entry) => [entry, fileURLToPath(new URL(`${entry}.ts`, SOURCE))]),
    ),
    outdir: fileURLToPath(OUT),
    bundle: true,
    // What is imported on demand stays so.
    splitting: true,
    packages: "external",
    platform: "node",
    target: "node22",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
}

/** The compiled file of an entry, such as `trial/worker`. */
export function compiled(entry: string): string {
  return fileURLToPath(new URL(`${entry}.mjs`, OUT));
}
