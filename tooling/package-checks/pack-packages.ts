import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { builtPackages, type PublishedPackage } from "../published-packages.ts";
import { ROOT } from "../steps.ts";

export interface PackedPackage extends PublishedPackage {
  readonly tarball: string;
}

/** Packs every published package as it would go to the registry. Needs a build. */
export function packPackages(): readonly PackedPackage[] {
  const destination = join(ROOT, ".reports", "tarballs");
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  return builtPackages().map((published) => ({ ...published, tarball: pack(published, destination) }));
}

function pack(published: PublishedPackage, destination: string): string {
  const before = new Set(readdirSync(destination));
  const result = spawnSync("pnpm", ["pack", "--pack-destination", destination], {
    cwd: published.folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const created = readdirSync(destination).find((name) => !before.has(name));
  if (result.status !== 0 || created === undefined) {
    throw new Error(`${published.name} could not be packed:\n${result.stdout}${result.stderr}`);
  }
  return join(destination, created);
}
