import type { Options } from "tsup";

/**
 * The one way a published package is built: ESM and CJS with types for both.
 *
 * `splitting` gives the entry points of a package one copy of each class, so `instanceof` holds
 * across them. `treeshake` sends the CJS output through rollup; without it the CJS is rewritten
 * by sucrase, which turns `#private` and class fields into assignments and loses class names.
 */
export function libraryBuild(entry: string[]): Options {
  return {
    entry,
    format: ["esm", "cjs"],
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    target: "node22",
    tsconfig: "../../tsconfig.build.json",
  };
}

/** A program that is only ever started, never imported: ESM alone and no types. */
export function programBuild(entry: Record<string, string>): Options {
  return {
    entry,
    format: ["esm"],
    dts: false,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    target: "node22",
    tsconfig: "../../tsconfig.build.json",
  };
}
