import type { Terminal } from "../src/terminal.ts";

/** A terminal that remembers what was written; `stop` plays Ctrl+C. */
export class RecordingTerminal implements Terminal {
  readonly printed: string[] = [];
  readonly warned: string[] = [];
  readonly #stopped = Promise.withResolvers<string>();
  #hasPrinted = Promise.withResolvers<void>();

  print(line: string): void {
    this.printed.push(line);
    this.#hasPrinted.resolve();
  }

  warn(line: string): void {
    this.warned.push(line);
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
}
