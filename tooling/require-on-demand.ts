import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LITERAL = /\bimport\(\s*('[^']+'|"[^"]+")\s*\)/g;
const COMPUTED = /\bimport\((?:\s*\/\*.*?\*\/)*\s*([\w$.]+(?:\(\))?)\s*\)/g;

/**
 * Makes the CJS files of a build use `require` for what they load on demand. A runner that runs CJS in its
 * own context, as jest does without a Node flag, has no `import()`. And a CJS program gets one copy of
 * everything.
 */
export function requireOnDemand(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cjs"))) {
    const path = join(folder, file);
    const before = readFileSync(path, "utf8");
    const after = withoutImports(before);
    if (after !== before) writeFileSync(path, after);
  }
}

/**
 * The `require` runs inside a promise, so that a failure rejects instead of throwing. It accepts only paths,
 * whereas `import` also accepts URLs.
 */
export function withoutImports(code: string): string {
  return code
    .replaceAll(LITERAL, (_, name: string) => `Promise.resolve().then(() => require(${name}))`)
    .replaceAll(
      COMPUTED,
      (_, at: string) =>
        `Promise.resolve().then(() => ((at) => require(at.startsWith('file:') ? require('node:url').fileURLToPath(at) : at))(${at}))`,
    );
}
