// Measures what each entry point adds to an application: it is bundled with its own chunks, minified and
// gzipped, without peers and Node's modules. Needs a build.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { INTERNAL } from "./fold-entries.ts";
import { builtPackages, type EntryPoint, type PublishedPackage } from "./published-packages.ts";
import { ROOT } from "./steps.ts";

interface Budgets {
  readonly bundles: Readonly<Record<string, BundleBudget>>;
}

interface BundleBudget {
  readonly maxGzipBytes: number;
  /** The size to reach, if the bundle is still larger. */
  readonly goalGzipBytes?: number;
  readonly reason?: string;
}

await main();

async function main(): Promise<void> {
  const budgets: Budgets = JSON.parse(readFileSync(join(ROOT, "tooling", "budgets.json"), "utf8"));
  const measured = await Promise.all(
    builtPackages().flatMap((published) =>
      published.entryPoints.map(async (entry) => ({
        specifier: entry.specifier,
        bytes: await gzipBytes(published, entry),
      })),
    ),
  );
  for (const { specifier, bytes } of measured) report(specifier, bytes, budgets);
  const known = new Set(measured.map(({ specifier }) => specifier));
  for (const specifier of Object.keys(budgets.bundles)) {
    if (!known.has(specifier))
      fail(`tooling/budgets.json has a bundle ${specifier}, which no package exports`);
  }
}

function report(specifier: string, bytes: number, budgets: Budgets): void {
  const budget = budgets.bundles[specifier];
  if (budget === undefined) {
    fail(`${specifier} (${bytes} bytes) has no budget: add it to bundles in tooling/budgets.json`);
    return;
  }
  const { maxGzipBytes: limit, goalGzipBytes: goal } = budget;
  const aim = goal === undefined ? "" : ` (goal: ${goal})`;
  process.stdout.write(`${specifier.padEnd(28)} ${String(bytes).padStart(7)} of ${limit} bytes${aim}\n`);
  if (bytes > limit) fail(`${specifier} is ${bytes - limit} bytes over its budget in tooling/budgets.json`);
}

async function gzipBytes(published: PublishedPackage, entry: EntryPoint): Promise<number> {
  const resolveDir = join(published.folder, "dist");
  const common = {
    bundle: true,
    write: false,
    // esbuild warns about bare imports of chunks, which cost nothing.
    logLevel: "error",
    format: "esm",
    platform: "node",
    external: [...published.peers, ...published.dependencies].flatMap((name) => [name, `${name}/*`]),
  } as const;
  const file = `./${entry.stem}.js`;
  const whole = await build({ ...common, entryPoints: [join(resolveDir, file)], metafile: true });
  const names = Object.values(whole.metafile.outputs)[0]?.exports ?? [];
  // Names that the package's own files share through an entry are not part of its public API.
  const given = names.filter((name) => !name.startsWith(INTERNAL)).join(", ");
  const contents = `export { ${given} } from ${JSON.stringify(file)};`;
  const result = await build({ ...common, stdin: { contents, resolveDir }, minify: true });
  return result.outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
