import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** `connect()` finds the adapters from here. */
const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** The command line in its own process, to test what only processes have: signals, pipes, exit codes. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  readonly #lines: string[] = [];
  #errors = "";
  #waiters: (() => void)[] = [];

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const { PATH = "", TMPDIR = "", NODE_COMPILE_CACHE = "" } = process.env;
    this.child = spawn(process.execPath, ["--conditions=@anyqueue/source", MAIN, ...args], {
      cwd: ROOT,
      env: { PATH, NODE_COMPILE_CACHE, ...(TMPDIR !== "" && { TMPDIR }), ...environment },
    });
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
      this.#wake();
    });
    // A program may end before it has read its input, which breaks the pipe.
    this.child.stdin.on("error", () => {});
    this.ended = once(this.child, "close").then(([code]) => ({
      code: typeof code === "number" ? code : null,
      lines: this.#lines,
      errors: this.#errors,
    }));
  }

  get lineCount(): number {
    return this.#lines.length;
  }

  async untilLines(count: number): Promise<readonly string[]> {
    await this.#until(() => this.#lines.length >= count);
    return this.#lines;
  }

  async untilError(text: string): Promise<void> {
    await this.#until(() => this.#errors.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.ended;
  }

  async #until(isThere: () => boolean): Promise<void> {
    let hasEnded = false;
    void this.ended.then(() => {
      hasEnded = true;
      this.#wake();
    });
    while (!isThere()) {
      if (hasEnded) throw new Error(`The program ended early.\n${this.#lines.join("\n")}\n${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
