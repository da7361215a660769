// Keeps packages/*/etc/*.api.md, the written record of every public name, equal to the code.
// Without arguments a difference is an error; `--update` writes the new report. Needs a build.

import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from "@microsoft/api-extractor";
import { builtPackages, type EntryPoint, type PublishedPackage } from "./published-packages.ts";
import { ROOT } from "./steps.ts";

const COMPILER_OPTIONS = {
  target: "es2023",
  lib: ["es2024", "esnext.disposable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  skipLibCheck: true,
  types: ["node"],
};

const isUpdate = process.argv.includes("--update");

main();

function main(): void {
  const packages = builtPackages();
  const state = compileTogether(packages);
  for (const published of packages) {
    const folder = join(published.folder, "etc");
    removeStale(published, folder);
    for (const entry of published.entryPoints) {
      mkdirSync(folder, { recursive: true });
      const isUpToDate = report(published, entry, state);
      process.stdout.write(`${isUpToDate ? "ok  " : "FAIL"} ${entry.specifier}\n`);
      if (!isUpToDate) process.exitCode = 1;
    }
  }
  if (process.exitCode === 1)
    process.stderr.write("the public API changed; write the new reports with: pnpm fix\n");
}

/** One program for all entry points: most of them read the types of the core and of Node. */
function compileTogether(packages: readonly PublishedPackage[]): CompilerState | undefined {
  const [first, ...others] = packages.flatMap((published) =>
    published.entryPoints.map((entry) => configFor(published, entry)),
  );
  if (first === undefined) return undefined;
  const additionalEntryPoints = others.map((config) => config.mainEntryPointFilePath);
  return CompilerState.create(first, { additionalEntryPoints });
}

/** Removes or reports the files of entry points that no longer exist. */
function removeStale(published: PublishedPackage, folder: string): void {
  if (!existsSync(folder)) return;
  const expected = new Set(published.entryPoints.map((entry) => `${entry.stem}.api.md`));
  for (const name of readdirSync(folder).filter((file) => !expected.has(file))) {
    if (isUpdate) rmSync(join(folder, name));
    else {
      process.stderr.write(`${relative(ROOT, join(folder, name))} belongs to no entry point\n`);
      process.exitCode = 1;
    }
  }
}

function report(
  published: PublishedPackage,
  entry: EntryPoint,
  compilerState: CompilerState | undefined,
): boolean {
  return Extractor.invoke(configFor(published, entry), {
    localBuild: isUpdate,
    messageCallback: onMessage,
    ...(compilerState !== undefined && { compilerState }),
  }).succeeded;
}

function configFor(published: PublishedPackage, entry: EntryPoint): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: published.folder,
      mainEntryPointFilePath: join(published.folder, "dist", `${entry.stem}.d.ts`),
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, include: ["dist/**/*.d.ts"] } },
      apiReport: {
        enabled: true,
        reportFileName: `${entry.stem}.api.md`,
        reportFolder: join(published.folder, "etc"),
        reportTempFolder: join(ROOT, ".reports", "api"),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          // The report shows internal types that a public signature mentions, so no warning is needed.
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.None },
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          "ae-unresolved-link": { logLevel: ExtractorLogLevel.None },
        },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(published.folder, "package.json"),
  });
}

function onMessage(message: ExtractorMessage): void {
  // API Extractor warns that its own compiler is older than ours, which says nothing about our code.
  const isNoise =
    message.messageId === "console-compiler-version-notice" || message.messageId === "console-preamble";
  if (isNoise) message.logLevel = ExtractorLogLevel.None;
}
