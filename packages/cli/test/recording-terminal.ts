import type { Terminal } from "../src/terminal.ts";

/** The input of a terminal, and how it behaves. */
export interface TerminalSetup {
  /** Standard input, in chunks. */
  readonly input?: readonly (string | Uint8Array)[];
  readonly isInputTyped?: boolean;
  /** After this many written lines nobody reads standard output any more. */
  readonly readsLines?: number;
}

/** A terminal that remembers what was written; `stop` simulates Ctrl+C. */
export class RecordingTerminal implements Terminal {
  readonly printed: string[] = [];
  readonly warned: string[] = [];
  readonly isInputTyped: boolean;
  readonly #setup: TerminalSetup;
  readonly #stopped = Promise.withResolvers<string>();
  #hasPrinted = Promise.withResolvers<void>();
  #waiters: (() => void)[] = [];

  constructor(setup: TerminalSetup = {}) {
    this.#setup = setup;
    this.isInputTyped = setup.isInputTyped ?? false;
  }

  print(line: string): void {
    this.printed.push(line);
    this.#hasPrinted.resolve();
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async write(line: string): Promise<boolean> {
    if (this.printed.length >= (this.#setup.readsLines ?? Number.POSITIVE_INFINITY)) return false;
    this.print(line);
    return true;
  }

  warn(line: string): void {
    this.warned.push(line);
  }

  progress(text: string): void {
    this.warn(text);
  }

  async *read(): AsyncIterable<Uint8Array> {
    for (const chunk of this.#setup.input ?? []) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  }

  untilStopped(): Promise<string> {
    return this.#stopped.promise;
  }

  stop(): void {
    this.#stopped.resolve("SIGINT");
  }

  untilPrinted(): Promise<void> {
    return this.#hasPrinted.promise;
  }

  /** Resolves when this many lines were written. */
  async untilLines(count: number): Promise<void> {
    while (this.printed.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }
}
