import type { Options } from "tsup";
import { fewerFiles } from "./fewer-files.ts";
import { foldEntries } from "./fold-entries.ts";
import { requireOnDemand } from "./require-on-demand.ts";

/**
 * How every published package is built: ESM and CJS with types for both.
 *
 * `splitting` gives the entry points of a package one copy of each class, so `instanceof` works
 * across them. `treeshake` sends the CJS output through rollup; without it the CJS is rewritten
 * by sucrase, which turns `#private` and class fields into assignments and loses class names.
 *
 * `along`: the first entry of each pair is never loaded without the second, so they share one file.
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

/** For a program that is started and never imported: ESM only, without types. */
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
