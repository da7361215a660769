import { fork, type ChildProcess } from "node:child_process";
import { on, once } from "node:events";
import { compiled } from "./compile.ts";

const GIVE_UP_MS = 60_000;

/** Region and credentials for AWS, which nobody checks. Google's SDK does not look for a metadata server. */
const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  METADATA_SERVER_DETECTION: "none",
};

export interface ChildOptions {
  /** Another Node to run the child with. */
  readonly execPath?: string | undefined;
  readonly execArgv?: readonly string[];
}

/** A process of a compiled entry. Its messages are queued, so none is lost while nobody listens. */
export class Child {
  readonly #process: ChildProcess;
  readonly #messages: AsyncIterator<unknown[]>;
  readonly #end = new AbortController();

  constructor(entry: string, args: readonly (string | number)[], options: ChildOptions = {}) {
    this.#process = fork(compiled(entry), args.map(String), {
      execArgv: [...(options.execArgv ?? [])],
      env: { ...process.env, ...ENVIRONMENT },
      ...(options.execPath !== undefined && { execPath: options.execPath }),
    });
    this.#messages = on(this.#process, "message", { signal: this.#end.signal });
    this.#process.once("exit", (code) => this.#end.abort(new Error(`the child ended with ${String(code)}`)));
  }

  /** @throws if the child ends or is silent for a minute */
  async next<T>(): Promise<T> {
    const silence = setTimeout(() => this.#process.kill(), GIVE_UP_MS);
    try {
      const { value } = await this.#messages.next();
      return value[0] as T;
    } finally {
      clearTimeout(silence);
    }
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  stop(): void {
    this.#process.kill();
  }
}
