import { constants } from "node:os";
import { addAbortSignal } from "node:stream";

/** How a command may act on the outside world; tests pass their own. */
export interface Terminal {
  /** Writes a line to standard output. */
  print(line: string): void;
  /**
   * Writes a line to standard output. Resolves when the system has taken it, with false if nobody reads it
   * any more. Rejects if it could not be written for another reason, such as a full disk.
   */
  write(line: string): Promise<boolean>;
  /** Writes a line to standard error. */
  warn(line: string): void;
  /** Shows progress of a long command on standard error; for a person, it replaces the text before. */
  progress(text: string): void;
  /** True: a person types, so input comes only after a prompt. */
  readonly isInputTyped: boolean;
  /** Standard input, which can be read only once. Rejects when the signal aborts. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Resolves with the name of the signal when the user asks the process to end. */
  untilStopped(): Promise<string>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // The writer is told what cannot be written; without a listener, the event would end the process.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  let isProgressShown = false;
  const warn = (line: string): void => {
    stderr.write(`${isProgressShown ? CLEAR_LINE : ""}${line}\n`);
    isProgressShown = false;
  };
  return {
    print: (line) => stdout.write(`${line}\n`),
    write: async (line) => await writeLine(stdout, line),
    warn,
    progress: (text) => {
      if (!stderr.isTTY) {
        warn(text);
        return;
      }
      stderr.write(`${CLEAR_LINE}${text}`);
      isProgressShown = true;
    },
    isInputTyped: stdin.isTTY,
    read: (signal) => addAbortSignal(signal, stdin),
    untilStopped,
  };
}

const STOPPING = ["SIGINT", "SIGTERM"] as const;

/**
 * A signal that comes this soon after the first is the same one: a terminal signals the whole process group,
 * and npx, which is in the group, passes its own signal on to the command. `runWorker` has the same rule: this
 * file cannot import it, because it is loaded before the release of Node.js is checked.
 */
const ONE_SIGNAL_MS = 500;

/** The second signal of any kind ends a hanging close, by `exit`, so that child processes end too. */
async function untilStopped(): Promise<string> {
  return await new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      firstAtMs ??= nowMs;
      if (nowMs - firstAtMs > ONE_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
      resolve(signal);
    };
    for (const signal of STOPPING) process.on(signal, stop);
  });
}

const CLEAR_LINE = "\r\u001B[2K";

/** Error codes of a write to a reader that is gone; Windows uses EOF. */
const GONE: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET", "EOF", "ERR_STREAM_DESTROYED"]);

async function writeLine(stream: NodeJS.WriteStream, line: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    stream.write(`${line}\n`, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if ("code" in error && GONE.has(error.code)) resolve(false);
      else reject(error);
    });
  });
}
