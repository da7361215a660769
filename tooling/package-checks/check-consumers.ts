// Uses the packed packages as an application outside the repository does. It installs the tarballs
// with npm in an empty folder, compiles an ESM and a CJS program with each compiler we have,
// runs both, on the oldest Node too, bundles the ESM one and runs the bundle, and starts the command line. Needs a build.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ROOT, runStep } from "../steps.ts";
import { packPackages } from "./pack-packages.ts";

interface Compiler {
  readonly version: string;
  readonly program: string;
}

/** The oldest that docs/guides/getting-started.md names: 5.1 has no `AsyncDisposable`. */
const OLDEST_TYPESCRIPT = "5.2.2";

/** All options that a careful application turns on. The declarations of packages are checked as well. */
const STRICT = [
  [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--noPropertyAccessFromIndexSignature",
  ],
  ["--verbatimModuleSyntax", "--skipLibCheck", "false", "--types", "node", "--target", "es2022"],
  ["--lib", "es2023,esnext.disposable"],
].flat();

const COMMAND_LINE = [join("node_modules", "anyqueue", "dist", "main.js"), "--help"];

await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "anyqueue-consumer-"));
  try {
    await checkIn(folder);
    await checkOnOldestNode(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checkIn(folder: string): Promise<void> {
  cpSync(join(import.meta.dirname, "consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const tarballs = packPackages().map((packed) => packed.tarball);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"];
  await pass(folder, "install", ["npm", "install", ...flags, ...tarballs, ...thirdParties()]);
  const oldest = compilerIn(join(folder, "node_modules", "typescript"));
  await pass(
    folder,
    `TypeScript ${oldest.version}`,
    compileWith(oldest, "--module", "nodenext", "program.mts", "program.cts"),
  );
  // What a CommonJS project without further settings has up to TypeScript 5.9.
  const node10 = ["--module", "commonjs", "--moduleResolution", "node10", "--esModuleInterop", "--noEmit"];
  await pass(
    folder,
    `TypeScript ${oldest.version}, node10 resolution`,
    compileWith(oldest, ...node10, "--verbatimModuleSyntax", "false", "program.cts"),
  );
  for (const compiler of compilers()) {
    const { version } = compiler;
    const compile = (...options: string[]): readonly string[] => compileWith(compiler, ...options);
    // oxlint-disable no-await-in-loop
    await pass(
      folder,
      `TypeScript ${version}`,
      compile("--module", "nodenext", "--declaration", "program.mts", "program.cts", "declarations.mts"),
    );
    await pass(
      folder,
      `TypeScript ${version}, Pub/Sub`,
      compile("--module", "nodenext", "--skipLibCheck", "pubsub.mts"),
    );
    const bundler = ["--module", "esnext", "--moduleResolution", "bundler", "--noEmit", "program.mts"];
    await pass(folder, `TypeScript ${version}, bundler resolution`, compile(...bundler));
    // oxlint-enable no-await-in-loop
  }
  await pass(folder, "ESM", ["node", "program.mjs"]);
  await pass(folder, "CJS", ["node", "program.cjs"]);
  await pass(folder, "CJS without import()", ["node", "--require", "./without-import.cjs", "program.cjs"]);
  await pass(folder, "Pub/Sub", ["node", "pubsub.mjs"]);
  const bundle = [
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--external:@aws-sdk/*",
    "--external:@azure/*",
    "--external:@google-cloud/*",
    "--external:@grpc/*",
    "--outfile=bundle.mjs",
  ];
  await pass(folder, "bundle", ["esbuild", "program.mjs", ...bundle]);
  await pass(folder, "bundled ESM", ["node", "bundle.mjs"]);
  await pass(folder, "command line", ["node", ...COMMAND_LINE]);
}

/** The matrix begins at a later release, because its tests need a Node that runs TypeScript. */
async function checkOnOldestNode(folder: string): Promise<void> {
  const version = oldestNode();
  const node = nodeOf(version);
  for (const program of [["program.mjs"], ["program.cjs"], ["pubsub.mjs"], COMMAND_LINE]) {
    // oxlint-disable-next-line no-await-in-loop
    await pass(folder, `Node ${version}: ${program[0]}`, [node, ...program]);
  }
}

/** The release that `engines` of the packages promises. */
function oldestNode(): string {
  const { engines }: { readonly engines: { readonly node: string } } = JSON.parse(
    readFileSync(join(ROOT, "packages", "core", "package.json"), "utf8"),
  );
  return `${engines.node.replace(">=", "")}.0`;
}

/** Returns the program of a version of Node, which is fetched if it is missing. */
function nodeOf(version: string): string {
  const command = [join(ROOT, "tooling", "toolchain.mjs"), `--node=${version}`, "--print-env"];
  const { stdout } = spawnSync(process.execPath, command, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [, path = ""] = /^export PATH='(.*)'$/m.exec(stdout) ?? [];
  const [folder = ""] = path.split(delimiter);
  return join(folder, "node");
}

/** The versions that the repository itself is pinned to. */
function thirdParties(): readonly string[] {
  return [
    pinned("@aws-sdk/client-sqs", join(ROOT, "packages", "sqs")),
    pinned("@azure/service-bus", join(ROOT, "packages", "service-bus")),
    // The newest release depends on a part of itself that the registry does not have.
    pinned("@google-cloud/pubsub", join(ROOT, "packages", "pubsub")),
    pinned("@types/node", ROOT),
    `typescript@${OLDEST_TYPESCRIPT}`,
  ];
}

/** Returns `name@version` of a dependency, as installed for the package in `folder`. */
function pinned(name: string, folder: string): string {
  const path = createRequire(join(folder, "package.json")).resolve(`${name}/package.json`);
  const manifest: { readonly version: string } = JSON.parse(readFileSync(path, "utf8"));
  return `${name}@${manifest.version}`;
}

/** Our compiler, and the older one that writes the API reports. */
function compilers(): readonly Compiler[] {
  const ours = createRequire(import.meta.url);
  const older = createRequire(ours.resolve("@microsoft/api-extractor"));
  return [ours, older].map((require) => compilerIn(dirname(require.resolve("typescript/package.json"))));
}

function compilerIn(folder: string): Compiler {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  return { version: manifest.version, program: join(folder, "bin", "tsc") };
}

function compileWith({ program }: Compiler, ...options: string[]): readonly string[] {
  return [process.execPath, program, ...STRICT, ...options];
}

async function pass(cwd: string, name: string, command: readonly string[]): Promise<void> {
  const { isPassed } = await runStep({ name, command, fix: "" }, { output: "shown when it fails", cwd });
  process.stdout.write(`${isPassed ? "ok  " : "FAIL"} ${name}\n`);
  if (!isPassed) throw new Error(`the packed packages failed in a consumer: ${name}`);
}
