import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** One running process, as the system lists it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

const PACKAGE_MANAGER = /^(?:npm|npx|pnpm|pnpx|pn|pnx|yarn|bun|bunx|corepack)(?:[.-](?:cli\.)?[cm]?js)?$/;
const SHELL = /^-?(?:sh|ash|bash|dash|zsh|ksh)$/;
/** The first words of a command tell what it is: `node …/pnpm.mjs`, `sh …/pnpm`, `npm run up`. */
const WORDS_OF_A_NAME = 2;
const LOOK_EVERY_MS = 500;
const LONGEST_LINE = 20;

/** The package managers that started this process and the shells between; none if it was started by hand. */
export async function findLaunchers(): Promise<readonly number[]> {
  if (process.env["npm_lifecycle_event"] === undefined) return [];
  return launchersOf(process.ppid, await runningProcesses());
}

/**
 * Resolves when a package manager that started this process is gone. Some end at a signal without passing it
 * on and leave their child running: `kill` of a `pnpm anyqueue up` would leave the emulator. Never resolves
 * if there is none: a process started by hand may outlive its shell.
 */
export async function launcherGone(line: readonly number[], signal: AbortSignal): Promise<void> {
  if (line.length === 0) return await never(signal);
  while (!signal.aborted) {
    // An abort ends the pause early, and so the loop.
    await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    if (await isBroken(line)) return;
  }
}

/** The processes from `pid` up to the outermost package manager; none if there is no package manager. */
export function launchersOf(pid: number, rows: readonly ProcessRow[]): readonly number[] {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const line: number[] = [];
  let length = 0;
  for (let row = byPid.get(pid); row !== undefined; row = byPid.get(row.parent)) {
    const words = row.command.split(/\s+/).map((word) => word.slice(word.lastIndexOf("/") + 1));
    const isManager = words.slice(0, WORDS_OF_A_NAME).some((word) => PACKAGE_MANAGER.test(word));
    const isScriptShell = SHELL.test(words[0] ?? "") && (words[1] ?? "").startsWith("-c");
    if ((!isManager && !isScriptShell) || line.length === LONGEST_LINE) break;
    line.push(row.pid);
    // A shell outside the outermost package manager may end at any time.
    if (isManager) length = line.length;
  }
  return line.slice(0, length);
}

/** The system replaces a parent as soon as it ends, even before it is collected. */
async function isBroken(line: readonly number[]): Promise<boolean> {
  if (process.ppid !== line[0]) return true;
  for (const [index, pid] of line.slice(1).entries()) {
    const parent = await parentOf(line[index] ?? 0);
    if (parent === undefined ? !isThere(pid) : parent !== pid) return true;
  }
  return false;
}

async function runningProcesses(): Promise<readonly ProcessRow[]> {
  if (process.platform === "win32") return [];
  try {
    const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.split("\n").map((row) => {
      const [pid = "", parent = "", ...command] = row.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), command: command.join(" ") };
    });
  } catch {
    return await procRows(process.ppid);
  }
}

/** Used where there is no `ps`, as in small containers. */
async function procRows(from: number): Promise<readonly ProcessRow[]> {
  const rows: ProcessRow[] = [];
  for (let pid: number | undefined = from; pid !== undefined && pid > 1 && rows.length < LONGEST_LINE;) {
    const parent = await parentOf(pid);
    if (parent === undefined) break;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    rows.push({ pid, parent, command: command.replaceAll("\0", " ") });
    pid = parent;
  }
  return rows;
}

/** Returns undefined if the system has no `/proc` or no such process. */
async function parentOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The program's name, in parentheses, may contain anything.
  const parent = status?.slice(status.lastIndexOf(")") + 2).split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

async function never(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
