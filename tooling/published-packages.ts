import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./steps.ts";

export interface EntryPoint {
  /** The name that a program imports, such as `@anyqueue/core/adapter`. */
  readonly specifier: string;
  /** Name of the built file without its extension, such as `adapter`. */
  readonly stem: string;
}

export interface PublishedPackage {
  readonly name: string;
  readonly folder: string;
  readonly entryPoints: readonly EntryPoint[];
  readonly peers: readonly string[];
  readonly dependencies: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Returns every published package. Ends the process if `pnpm build` has not built all entry points. */
export function builtPackages(): readonly PublishedPackage[] {
  const published = publishedPackages();
  const missing = published.flatMap(({ folder, entryPoints }) =>
    entryPoints.map(({ stem }) => join(folder, "dist", `${stem}.d.cts`)).filter((path) => !existsSync(path)),
  );
  if (missing.length === 0) return published;
  process.stderr.write(`not built: ${missing.join(", ")}. Build first: pnpm build\n`);
  return process.exit(1);
}

function publishedPackages(): readonly PublishedPackage[] {
  return readdirSync(join(ROOT, "packages"))
    .map((name) => join(ROOT, "packages", name))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map(readPackage)
    .filter((found) => found !== undefined);
}

function readPackage(folder: string): PublishedPackage | undefined {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (manifest.private === true) return undefined;
  return {
    name: manifest.name,
    folder,
    entryPoints: entryPointsOf(manifest),
    peers: Object.keys(manifest.peerDependencies ?? {}),
    dependencies: Object.keys(manifest.dependencies ?? {}),
  };
}

function entryPointsOf(manifest: Manifest): readonly EntryPoint[] {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== "string")
    .map(([subpath]) => ({
      specifier: subpath === "." ? manifest.name : `${manifest.name}${subpath.slice(1)}`,
      stem: subpath === "." ? "index" : subpath.slice(2),
    }));
}
