import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const INSTALL_LIMIT_MS = 300_000;

/** A program in another language: its path, or the reason why it is not available here. */
export type InteropProgram = { readonly path: string } | { readonly missing: string };

/** Builds the Go program of a folder with the modules in its `go.sum`. Go skips what is already built. */
export function goProgram(name: string, source: string): InteropProgram {
  const folder = cacheFolder(name);
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  const built = run("go", ["build", "-o", path, "."], source);
  return built.status === 0
    ? { path }
    : { missing: `${name} for Go cannot be built here: ${reasonOf(built)}` };
}

/** A Python with one release of a package installed. */
export function pythonWith(name: string, version: string): InteropProgram {
  const folder = cacheFolder(`${name}-${version}`);
  const path = join(folder, "bin", "python");
  if (existsSync(join(folder, "installed"))) return { path };
  const steps = [
    () => run("python3", ["-m", "venv", folder]),
    () => run(path, ["-m", "pip", "install", "--quiet", `${name}==${version}`]),
  ];
  for (const step of steps) {
    const result = step();
    if (result.status === 0) continue;
    rmSync(folder, { recursive: true, force: true });
    return { missing: `${name} ${version} for Python cannot be installed here: ${reasonOf(result)}` };
  }
  mkdirSync(join(folder, "installed"));
  return { path };
}

/** A folder outside the repository that is safe to delete at any time. */
function cacheFolder(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "anyqueue-interop", name);
}

function run(command: string, args: readonly string[], cwd?: string): SpawnSyncReturns<string> {
  return spawnSync(command, [...args], { cwd, encoding: "utf8", timeout: INSTALL_LIMIT_MS });
}

function reasonOf({ error, stderr }: SpawnSyncReturns<string>): string {
  return error?.message ?? stderr.trim().split("\n").at(-1) ?? "";
}
