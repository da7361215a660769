import type { SendResult } from "@anyqueue/core";
import { errorFields } from "../error-fields.ts";
import { shellWords } from "../shell-words.ts";
import type { Terminal } from "../terminal.ts";

/** Writes the outcome of every message to standard output; failures also to standard error. */
export class SendReport {
  readonly #terminal: Terminal;
  readonly #isJson: boolean;
  sent = 0;
  failed = 0;
  /** Failures of the provider with no success between them; a bad body says nothing about the provider. */
  failedInARow = 0;
  #isOutputGone = false;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.#isJson = isJson;
  }

  /** `line`: number of the input line, if there are several. */
  async add(result: SendResult, line: number | undefined): Promise<void> {
    if (result.ok) {
      this.sent += 1;
      this.failedInARow = 0;
      const fields = { ...(line !== undefined && { line }), ok: true, ...result.value };
      await this.#write(this.#isJson ? JSON.stringify(fields) : result.value.id);
      return;
    }
    const { error } = result;
    this.failed += 1;
    if (!OF_ONE_MESSAGE.has(error.code)) this.failedInARow += 1;
    const where = line === undefined ? "" : `line ${line}: `;
    const text = shellWords(error, error.message);
    this.#terminal.warn(`${where}${text}${error.ambiguous ? " It may have arrived all the same." : ""}`);
    if (this.#isJson) {
      const fields = { ...(line !== undefined && { line }), ok: false, error: errorFields(error) };
      await this.#write(JSON.stringify(fields));
    }
  }

  summary(): string {
    return `${this.sent.toLocaleString("en")} sent, ${this.failed.toLocaleString("en")} failed`;
  }

  /** If the reader is gone, as with `| head`, sending continues: everything asked for is sent. */
  async #write(line: string): Promise<void> {
    if (this.#isOutputGone) return;
    this.#isOutputGone = !(await this.#terminal.write(line));
  }
}

const OF_ONE_MESSAGE: ReadonlySet<string> = new Set(["INVALID_MESSAGE", "MESSAGE_TOO_LARGE"]);
