import type { Options } from "tsup";
import { fewerFiles } from "./fewer-files.ts";
import { foldEntries } from "./fold-entries.ts";
import { requireOnDemand } from "./require-on-demand.ts";

/**
 * The one way a published package is built: ESM and CJS with types for both.
 *
 * `splitting` gives the entry points of a package one copy of each class, so `instanceof` holds
 * across them. `treeshake` sends the CJS output through rollup; without it the CJS is rewritten
 * by sucrase, which turns `#private` and class fields into assignments and loses class names.
 *
 * `along`: entries of which the first is never loaded without the second, so that they share one file.
 */
export function libraryBuild(entry: string[], along: Readonly<Record<string, string>> = {}): Options {
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
    esbuildPlugins: [fewerFiles("src/index.ts", along)],
    async onSuccess() {
      foldEntries("dist");
      requireOnDemand("dist");
    },
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
