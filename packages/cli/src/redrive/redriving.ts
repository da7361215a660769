import { isQueueError, type QueueClient, type Source } from "@anyqueue/core";
import { errorFields } from "../error-fields.ts";
import type { Terminal } from "../terminal.ts";
import type { RedrivePlan } from "./read-redrive-plan.ts";

const PROGRESS_EVERY_MS = 2_000;
/** An interrupted request may leave a message in both places, so it gets time to end by itself. */
const HANGING_MS = 10_000;

/** One move of dead letters, which can be stopped between two requests. */
export class Redriving {
  readonly #plan: RedrivePlan;
  readonly #terminal: Terminal;
  readonly #abort = new AbortController();
  #isStopped = false;
  /** Confirmed moves; if the service moves by itself, its own estimate. */
  #moved = 0;

  constructor(plan: RedrivePlan, terminal: Terminal) {
    this.#plan = plan;
    this.#terminal = terminal;
  }

  stop(): void {
    this.#isStopped = true;
    setTimeout(() => this.#abort.abort(), HANGING_MS).unref();
  }

  /** Returns the exit code. */
  async run(client: QueueClient, source: Source): Promise<number> {
    const progress = setInterval(
      () => this.#terminal.progress(`${this.#moved} moved so far`),
      PROGRESS_EVERY_MS,
    ).unref();
    try {
      const isAtEnd = await this.#moveAll(client, source);
      this.#report(isAtEnd);
      return isAtEnd ? 0 : 1;
    } catch (error) {
      this.#report(false, error);
      throw error;
    } finally {
      clearInterval(progress);
    }
  }

  /** Returns false if it was stopped before the end. */
  async #moveAll(client: QueueClient, source: Source): Promise<boolean> {
    const { max } = this.#plan;
    try {
      for await (const { moved } of client.admin.redrive(source, { max, signal: this.#abort.signal })) {
        this.#moved = moved;
        // Leaving the loop gives back messages that were taken but not moved.
        if (this.#isStopped) return false;
      }
      return true;
    } catch (error) {
      if (this.#isStopped && isQueueError(error, "CANCELLED")) return false;
      throw error;
    }
  }

  #report(ok: boolean, error?: unknown): void {
    const { queue, isJson } = this.#plan;
    const fields = isQueueError(error) ? { error: errorFields(error) } : {};
    if (isJson) this.#terminal.print(JSON.stringify({ ok, moved: this.#moved, ...fields }));
    else if (error === undefined || this.#moved > 0)
      this.#terminal.print(`${this.#moved} moved back to ${queue}.`);
    if (ok) return;
    const isUnsure =
      error === undefined ? this.#abort.signal.aborted : isQueueError(error) && error.ambiguous;
    // The move did not even begin, and the error says why.
    if (error !== undefined && this.#moved === 0 && !isUnsure) return;
    const both = isUnsure ? ", and what was under way may be in both places" : "";
    this.#terminal.warn(`Stopped before the end: what is left stays among the dead letters${both}.`);
  }
}
