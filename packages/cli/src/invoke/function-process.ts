import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

/** How a function's process is started. */
export interface ProcessSettings {
  /** A program and its arguments; `undefined` means Node itself: this process's own, with its flags. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string | undefined;
  /** Gets each line that the function writes to either stream. */
  readonly onLine: (line: string) => void;
  /** Gets the messages that the process sends over its channel. */
  readonly onMessage?: ((message: unknown) => void) | undefined;
}

/** How long a process may take to end after it was asked to. */
const GRACE_MS = 500;

/** A process in which a function runs. It ends with this process, because its channel closes. */
export class FunctionProcess {
  readonly #child: ChildProcess;
  /** Resolves with the reason, in words, when the process has ended. */
  readonly ended: Promise<string>;
  #isEnded = false;

  constructor({ command, environment, directory, onLine, onMessage }: ProcessSettings) {
    const [program = process.execPath, ...args] = command;
    this.#child = spawn(program, args, {
      env: { ...process.env, ...environment },
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
      // In its own process group, because Ctrl+C is for this process, which first lets the function finish.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null) createInterface({ input: stream }).on("line", onLine);
    if (onMessage !== undefined) this.#child.on("message", onMessage);
    // Its children must not outlive it. They may also share its output, which would then never end.
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

  /** Returns false if the process is gone and cannot get the message. */
  send(message: object): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(message, () => {});
    return true;
  }

  /** Asks the process to end, and kills it if it does not. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#child.kill("SIGTERM");
    const timeout = new AbortController();
    await Promise.race([this.ended, sleep(GRACE_MS, undefined, { signal: timeout.signal }).catch(() => {})]);
    timeout.abort();
    if (!this.#isEnded) this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** A process that never becomes idle does not notice that its channel is closed. */
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
      // The group is empty, or the system has no process groups.
    }
  }
}

/** The command for one of our own programs, which lie next to the module at `from`. */
export function ownProgram(from: string, name: string): readonly string[] {
  return [process.execPath, ...process.execArgv, fileURLToPath(ownModule(from, name))];
}

function ownModule(from: string, name: string): string {
  return new URL(`./${name}.${from.endsWith(".ts") ? "ts" : "js"}`, from).href;
}

/** For `node --import`, with a program that is not ours. */
export const ENDS_WITH_PARENT: string = ownModule(import.meta.url, "ends-with-parent");
