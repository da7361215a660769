/** What a command may do to the outside; tests pass their own. */
export interface Terminal {
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  warn(line: string): void;
  /** Resolves with the name of the signal when the user asks the process to end. */
  untilStopped(): Promise<string>;
}

export function processTerminal(): Terminal {
  return {
    print: (line) => process.stdout.write(`${line}\n`),
    warn: (line) => process.stderr.write(`${line}\n`),
    untilStopped: () =>
      new Promise((resolve) => {
        // `once`: a second Ctrl+C must be able to end a process that hangs while it closes.
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      }),
  };
}
