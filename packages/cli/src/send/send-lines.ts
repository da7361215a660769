import { isQueueError, QueueError, type SendResult } from "@anyqueue/core";
import type { BodyFormat } from "./body-format.ts";
import type { SendReport } from "./send-report.ts";
import type { Line } from "./split-lines.ts";

/** Why reading stopped before the end of the input. */
export type EarlyEnd = { readonly afterLine: number; readonly why: string };

export interface LineSending {
  readonly lines: AsyncIterable<Line>;
  readonly format: BodyFormat;
  readonly report: SendReport;
  /** True: no later message of a key may overtake one that failed. */
  readonly isOrdered: boolean;
  readonly maxLineBytes: number;
  /** Aborts when the user asks to stop. */
  readonly stopped: AbortSignal;
  /** Called once when it is pointless to send more: a read that waits for more input should end. */
  onGivenUp(): void;
  send(body: Uint8Array): Promise<SendResult>;
}

/** Limits of what is under way, so that an input of any length fits into memory. */
const MAX_IN_FLIGHT = 1_000;
const MAX_IN_FLIGHT_BYTES = 32 * 1024 * 1024;
/** After this many failures without a success, the rest of the input would fail as well. */
const MAX_FAILED_IN_A_ROW = 100;
/** Codes with which no message of this input can be sent. */
const FATAL: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "ACCESS_DENIED",
  "UNAUTHENTICATED",
  "UNSUPPORTED",
  "CLOSED",
]);

/** Sends each line as a message, and reports in order, as soon as a line and all before it are settled. */
export async function sendLines(sending: LineSending): Promise<EarlyEnd | undefined> {
  const window = new SendWindow(sending);
  let afterLine = 0;
  try {
    for await (const line of sending.lines) {
      await window.room();
      const why = window.givenUp ?? (sending.stopped.aborted ? INTERRUPTED : undefined);
      if (why !== undefined) return { afterLine, why };
      afterLine = line.number;
      window.add(line);
    }
  } catch (error) {
    const why = window.givenUp ?? (sending.stopped.aborted ? INTERRUPTED : undefined);
    if (why === undefined) throw new UnreadableInput(afterLine, error);
    return { afterLine, why };
  } finally {
    await window.idle();
  }
  return undefined;
}

const INTERRUPTED = "it was interrupted";

/** The input broke off; what was read before is sent. */
class UnreadableInput extends Error {
  override readonly name = "UnreadableInput";

  constructor(afterLine: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`The input cannot be read after line ${afterLine}: ${why}`, { cause });
  }
}

/** The messages under way, in the order of the input. */
class SendWindow {
  readonly #sending: LineSending;
  #count = 0;
  #bytes = 0;
  /** Resolves when everything so far is reported. */
  #reported: Promise<void> = Promise.resolve();
  #onLeft = (): void => {};
  #broken: { readonly error: unknown } | undefined;
  /** Why nothing more should be added. */
  givenUp: string | undefined;

  constructor(sending: LineSending) {
    this.#sending = sending;
  }

  async room(): Promise<void> {
    while (this.#count >= MAX_IN_FLIGHT || this.#bytes >= MAX_IN_FLIGHT_BYTES) {
      await new Promise<void>((resolve) => {
        this.#onLeft = resolve;
      });
    }
  }

  add({ number, bytes }: Line): void {
    const sizeBytes = bytes?.byteLength ?? 0;
    this.#count += 1;
    this.#bytes += sizeBytes;
    const result = this.#begin(bytes);
    this.#reported = this.#reported.then(async () => {
      await this.#settle(number, await result).catch((error: unknown) => {
        this.#broken ??= { error };
        this.#giveUp("its results cannot be written");
      });
      this.#count -= 1;
      this.#bytes -= sizeBytes;
      this.#onLeft();
    });
  }

  /** Resolves when everything is reported. Rejects if that failed. */
  async idle(): Promise<void> {
    await this.#reported;
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** Resolves with undefined for a blank line, which is not a message. */
  async #begin(given: Uint8Array | undefined): Promise<SendResult | undefined> {
    const { format, maxLineBytes, send } = this.#sending;
    if (given === undefined) {
      const what = `the line is longer than ${maxLineBytes} bytes`;
      return { ok: false, error: new QueueError("MESSAGE_TOO_LARGE", { what }) };
    }
    const bytes =
      format.kind !== "binary" && given.at(-1) === CARRIAGE_RETURN ? given.subarray(0, -1) : given;
    if (format.kind === "json" && isBlank(bytes)) return undefined;
    const checked = format.check(bytes);
    if (checked.ok) return await send(checked.body);
    const remedy = "Correct this line and send it again.";
    return {
      ok: false,
      error: new QueueError("INVALID_MESSAGE", { what: `the body: ${checked.problem}`, remedy }),
    };
  }

  async #settle(line: number, result: SendResult | undefined): Promise<void> {
    if (result === undefined) return;
    const { report, isOrdered } = this.#sending;
    await report.add(result, line);
    if (result.ok || report.failedInARow === 0) return;
    if (FATAL.has(result.error.code)) this.#giveUp(`${result.error.code} would befall every message`);
    else if (isOrdered) this.#giveUp("later messages of the key must not overtake one that failed");
    else if (report.failedInARow >= MAX_FAILED_IN_A_ROW) {
      this.#giveUp(`${MAX_FAILED_IN_A_ROW} messages failed one after the other`);
    }
  }

  #giveUp(why: string): void {
    if (this.givenUp !== undefined) return;
    this.givenUp = why;
    this.#sending.onGivenUp();
  }
}

const CARRIAGE_RETURN = 0x0d;

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

/** The outcome of a send as a value. */
export async function resultOf(
  sent: Promise<Extract<SendResult, { readonly ok: true }>["value"]>,
): Promise<SendResult> {
  try {
    return { ok: true, value: await sent };
  } catch (error) {
    if (!isQueueError(error)) throw error;
    return { ok: false, error };
  }
}
