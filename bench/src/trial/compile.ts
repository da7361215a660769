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

/** Children run plain JavaScript: stripping types at run time costs each process 30 MB and half a second. */
export async function compile(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  await build({
    entryPoints: Object.fromEntries(
      ENTRIES.map((entry) => [entry, fileURLToPath(new URL(`${entry}.ts`, SOURCE))]),
    ),
    outdir: fileURLToPath(OUT),
    bundle: true,
    // Modules imported on demand stay separate.
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
