// Checks the packed packages as a consumer's resolver and type checker see them: publint checks the
// manifest, are-the-types-wrong the types of every entry point.

import { runStep } from "../steps.ts";
import { packPackages, type PackedPackage } from "./pack-packages.ts";

await main();

async function main(): Promise<void> {
  for (const packed of packPackages()) {
    // oxlint-disable-next-line no-await-in-loop
    const isGood = await check(packed);
    process.stdout.write(`${isGood ? "ok  " : "FAIL"} ${packed.name}\n`);
    if (!isGood) process.exitCode = 1;
  }
}

async function check(packed: PackedPackage): Promise<boolean> {
  const commands = [["publint", "--strict", packed.tarball]];
  // A package that has only programs has no types to check.
  if (packed.entryPoints.length > 0) {
    // strict: the older node10 resolution too, which finds subpaths by `typesVersions`.
    commands.push(["attw", packed.tarball, "--profile", "strict", "--no-emoji", "--format", "ascii"]);
  }
  const runs = commands.map((command) =>
    runStep({ name: packed.name, command, fix: "" }, { output: "shown when it fails" }),
  );
  const results = await Promise.all(runs);
  return results.every((result) => result.isPassed);
}
