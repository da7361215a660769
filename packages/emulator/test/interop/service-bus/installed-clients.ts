import { execFile } from "node:child_process";
import { access, mkdir, readFile, rm, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestContext } from "vitest";

const run = promisify(execFile);

/** Clients are installed once and kept here. The folder can be deleted at any time. */
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/interop/", import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
/** The AMQP library below the client: pure Python, or Microsoft's library in C. */
const PYTHON_CLIENTS = {
  pure: ["azure-servicebus==7.15.0"],
  uamqp: ["azure-servicebus==7.8.3", "uamqp==1.6.11"],
} as const;

/** Returns a Python that has `azure-servicebus`. Skips with the reason if it cannot be installed. */
export async function pythonWithServiceBus(
  context: TestContext,
  client: keyof typeof PYTHON_CLIENTS = "pure",
): Promise<string> {
  const packages = PYTHON_CLIENTS[client];
  const folder = join(CACHE, packages.join("+"));
  const python = join(folder, "bin", "python");
  await installOnce(context, `${packages.join(" on ")} for Python`, folder, python, async () => {
    await run("python3", ["-m", "venv", folder]);
    // Wheels only, because the library in C cannot be built here.
    const install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", ...packages];
    await run(python, install, { timeout: INSTALL_TIMEOUT_MS });
  });
  return python;
}

/** Builds the program beside this file with the modules that its `go.sum` names. */
export async function goProgram(context: TestContext): Promise<string> {
  const source = fileURLToPath(new URL("go/", import.meta.url));
  const folder = join(CACHE, "azservicebus-go");
  const program = join(folder, "service-bus");
  // Go itself knows what is already built.
  await installOnce(context, "azservicebus for Go", folder, undefined, async () => {
    await run("go", ["build", "-o", program, "."], { cwd: source, timeout: INSTALL_TIMEOUT_MS });
  });
  return program;
}

/** Arguments for `java`: the program beside this file and the artifacts of its `pom.xml`, cached by Maven. */
export async function javaProgram(context: TestContext): Promise<readonly string[]> {
  const source = fileURLToPath(new URL("java/", import.meta.url));
  const folder = join(CACHE, "azure-messaging-servicebus-java");
  const program = join(source, "ServiceBus.java");
  const classPath = join(folder, "class-path");
  const options = { cwd: folder, timeout: INSTALL_TIMEOUT_MS };
  const what = "azure-messaging-servicebus for Java";
  await installOnce(context, what, folder, undefined, async () => {
    if (await isOlder(classPath, join(source, "pom.xml"))) {
      const goals = ["dependency:build-classpath", `-Dmdep.outputFile=${classPath}`];
      await run("mvn", ["--quiet", "--batch-mode", "--file", join(source, "pom.xml"), ...goals], options);
    }
    if (await isOlder(join(folder, "ServiceBus.class"), program)) {
      const libraries = await readFile(classPath, "utf8");
      await run("javac", ["-d", folder, "-cp", libraries.trim(), program], options);
    }
  });
  const libraries = await readFile(classPath, "utf8");
  return ["-cp", `${folder}${delimiter}${libraries.trim()}`, "ServiceBus"];
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

async function isOlder(made: string, source: string): Promise<boolean> {
  if (!(await isThere(made))) return true;
  const [before, after] = await Promise.all([stat(made), stat(source)]);
  return before.mtimeMs < after.mtimeMs;
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
