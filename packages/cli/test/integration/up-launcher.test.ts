import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Starts `up` like a package manager: in a child process that the manager waits for. */
async function upThroughManager() {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  const script = join(folder, "pnpm");
  const command = `'${process.execPath}' --conditions=@anyqueue/source '${MAIN}' up --json --sqs-port 0`;
  // The text after the command keeps the shell from replacing its own process with it.
  await writeFile(script, `${command} & echo $! >&2; wait; exit 1\n`);
  const manager = spawn("sh", [script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, npm_lifecycle_event: "anyqueue" },
  });
  const [id] = await once(createInterface({ input: manager.stderr }), "line");
  const pid = Number(id);
  onTestFinished(async () => {
    if (isRunning(pid)) process.kill(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
  const [line] = await once(createInterface({ input: manager.stdout }), "line");
  const { sqs } = JSON.parse(String(line));
  /** Standard output closes with the last process that has it. */
  return { manager, ended: once(manager.stdout, "close"), endpoint: String(sqs.endpoint) };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each(["SIGTERM", "SIGKILL"] as const)(
  "a package manager that %s ends takes it along",
  async (signal) => {
    const { manager, ended, endpoint } = await upThroughManager();

    manager.kill(signal);

    await ended;
    await expect(fetch(endpoint)).rejects.toThrow("fetch failed");
  },
);
