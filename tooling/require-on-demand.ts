import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LITERAL = /\bimport\(\s*('[^']+'|"[^"]+")\s*\)/g;
const COMPUTED = /\bimport\((?:\s*\/\*.*?\*\/)*\s*([\w$.]+(?:\(\))?)\s*\)/g;

/**
 * Lets the CJS files of a build load by `require` what they load on demand. Whoever runs CJS in a context of his own, as
 * jest does unless a flag of Node's is given, has no `import()`; and a CJS program gets one copy of everything.
 */
export function requireOnDemand(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cjs"))) {
    const path = join(folder, file);
    const before = readFileSync(path, "utf8");
    const after = withoutImports(before);
    if (after !== before) writeFileSync(path, after);
  }
}

/** `require` waits for a turn, so that it rejects and never throws; it takes paths only, where `import` takes URLs as well. */
export function withoutImports(code: string): string {
  return code
    .replaceAll(LITERAL, (_, name: string) => `Promise.resolve().then(() => require(${name}))`)
    .replaceAll(
      COMPUTED,
      (_, at: string) =>
        `Promise.resolve().then(() => ((at) => require(at.startsWith('file:') ? require('node:url').fileURLToPath(at) : at))(${at}))`,
    );
}
