import { execFile } from "node:child_process";
import { access, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestContext } from "vitest";

const run = promisify(execFile);

/** Clients are installed once and kept here; the folder can be deleted at any time. */
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/interop/", import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
const AZURE_SERVICEBUS = "7.15.0";

/** A Python that has `azure-servicebus`; skips with the reason where it cannot be had. */
export async function pythonWithServiceBus(context: TestContext): Promise<string> {
  const folder = join(CACHE, `azure-servicebus-${AZURE_SERVICEBUS}`);
  const python = join(folder, "bin", "python");
  await installOnce(context, `azure-servicebus ${AZURE_SERVICEBUS} for Python`, folder, python, async () => {
    await run("python3", ["-m", "venv", folder]);
    const install = ["-m", "pip", "install", "--quiet", `azure-servicebus==${AZURE_SERVICEBUS}`];
    await run(python, install, { timeout: INSTALL_TIMEOUT_MS });
  });
  return python;
}

/** The program beside this file, built with the modules that its `go.sum` names. */
export async function goProgram(context: TestContext): Promise<string> {
  const source = fileURLToPath(new URL("go/", import.meta.url));
  const folder = join(CACHE, "azservicebus-go");
  const program = join(folder, "service-bus");
  // Go itself knows what is built already.
  await installOnce(context, "azservicebus for Go", folder, undefined, async () => {
    await run("go", ["build", "-o", program, "."], { cwd: source, timeout: INSTALL_TIMEOUT_MS });
  });
  return program;
}

async function installOnce(
  context: TestContext,
  what: string,
  folder: string,
  marker: string | undefined,
  install: () => Promise<void>,
): Promise<void> {
  if (marker !== undefined && (await isThere(marker))) return;
  try {
    await mkdir(folder, { recursive: true });
    await install();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    context.skip(`${what} cannot be installed here: ${reason}`);
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
