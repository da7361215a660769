// Loads every entry point of every built package as ESM and as CJS on the running Node and
// compares the names they export.

import { createRequire } from "node:module";
import { join } from "node:path";
import { INTERNAL } from "./fold-entries.ts";
import { builtPackages, type EntryPoint, type PublishedPackage } from "./published-packages.ts";

let loaded = 0;

for (const published of builtPackages()) {
  for (const entry of published.entryPoints) {
    // oxlint-disable-next-line no-await-in-loop
    await compare(published, entry);
    loaded += 1;
  }
}
process.stdout.write(`Node ${process.versions.node}: ${loaded} entry points load as ESM and CJS\n`);

async function compare(published: PublishedPackage, entry: EntryPoint): Promise<void> {
  // Resolves through the package's own manifest, so that its exports map is tested.
  const inside = createRequire(join(published.folder, "package.json"));
  const required: object = inside(entry.specifier);
  const imported: object = await import(join(published.folder, "dist", `${entry.stem}.js`));
  const cjs = exportNames(required);
  const esm = exportNames(imported);
  if (cjs !== esm) {
    process.stderr.write(`${entry.specifier} exports differ.\n  ESM: ${esm}\n  CJS: ${cjs}\n`);
    process.exitCode = 1;
  }
}

function exportNames(module: object): string {
  return Object.keys(module)
    .filter((name) => name !== "__esModule" && !name.startsWith(INTERNAL))
    .toSorted()
    .join(", ");
}
