import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

/** What a function's process is started with. */
export interface ProcessSettings {
  /** A program and its arguments; `undefined` for Node itself means this process's own Node with its own flags. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string | undefined;
  /** Gets each line that the function writes, to whichever stream. */
  readonly onLine: (line: string) => void;
  /** Gets what the process sends over its channel to this one. */
  readonly onMessage?: ((message: unknown) => void) | undefined;
}

/** How long a process may take to end when it is asked to. */
const GRACE_MS = 500;

/** A process that a function runs in. It ends with this one, because its channel does. */
export class FunctionProcess {
  readonly #child: ChildProcess;
  /** Resolves with the reason, in words, when it has gone. */
  readonly ended: Promise<string>;
  #isEnded = false;

  constructor({ command, environment, directory, onLine, onMessage }: ProcessSettings) {
    const [program = process.execPath, ...args] = command;
    this.#child = spawn(program, args, {
      env: { ...process.env, ...environment },
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
      // A process group of its own: Ctrl+C is for this process, which lets the function finish first.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null) createInterface({ input: stream }).on("line", onLine);
    if (onMessage !== undefined) this.#child.on("message", onMessage);
    // What it started and left behind is not to outlive it: it may also have its output, which would never end.
    this.#child.once("exit", () => this.#killGroup());
    this.#killAtExit();
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (code, signal) =>
        resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`),
      );
    });
    void this.ended.then(() => {
      this.#isEnded = true;
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** False: it has gone and will not hear it. */
  send(message: object): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(message, () => {});
    return true;
  }

  /** Asks it to end, and makes it end. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#child.kill("SIGTERM");
    const timeout = new AbortController();
    await Promise.race([this.ended, sleep(GRACE_MS, undefined, { signal: timeout.signal }).catch(() => {})]);
    timeout.abort();
    if (!this.#isEnded) this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** What never comes to rest does not hear that its channel is closed. */
  #killAtExit(): void {
    const kill = (): void => this.#killGroup();
    process.setMaxListeners(process.getMaxListeners() + 1);
    process.once("exit", kill);
    this.#child.once("exit", () => {
      process.removeListener("exit", kill);
      process.setMaxListeners(process.getMaxListeners() - 1);
    });
  }

  #killGroup(): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Nobody is left in it, or the system has no groups.
    }
  }
}

/** The command of one of our own programs, which lie beside the module at `from`. */
export function ownProgram(from: string, name: string): readonly string[] {
  return [process.execPath, ...process.execArgv, fileURLToPath(ownModule(from, name))];
}

function ownModule(from: string, name: string): string {
  return new URL(`./${name}.${from.endsWith(".ts") ? "ts" : "js"}`, from).href;
}

/** For `node --import`, before a program that is not ours. */
export const ENDS_WITH_PARENT: string = ownModule(import.meta.url, "ends-with-parent");
