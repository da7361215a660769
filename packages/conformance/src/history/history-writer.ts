import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { EventMembers, EventType } from "./history-event.ts";
import { machineHistoryTime, type HistoryTime } from "./history-time.ts";

/** Where instrumented producers and consumers write. */
export interface HistorySink {
  /** Makes a new id for an operation. */
  operation(): string;
  /** Writes one line with this type, operation and members. */
  write<Type extends EventType>(type: Type, op: string, members: EventMembers[Type]): void;
  /** The current time of the history, in nanoseconds. */
  now(): number;
}

/**
 * Appends the history of one process to its own file in `folder`.
 * When `write` returns, the system has the line, so a kill cannot hide what was about to happen.
 */
export class HistoryWriter implements HistorySink {
  /** Name of the process. */
  readonly proc: string;
  readonly #time: HistoryTime;
  readonly #file: number;
  #nextOperation = 1;

  /** @param proc name of the process, unique in the run; it becomes the name of the file */
  constructor(folder: string, proc: string, time: HistoryTime = machineHistoryTime) {
    mkdirSync(folder, { recursive: true });
    this.proc = proc;
    this.#time = time;
    this.#file = openSync(join(folder, `${proc}.jsonl`), "a");
    this.write("proc.start", this.operation(), { pid: process.pid });
  }

  operation(): string {
    return `${this.proc}:${this.#nextOperation++}`;
  }

  now(): number {
    return this.#time.monotonic();
  }

  /** `t`: when it happened, if somebody else saw it and this process only records it. */
  write<Type extends EventType>(type: Type, op: string, members: EventMembers[Type], t?: number): void {
    const now = this.#time.monotonic();
    const w = this.#time.wall() - Math.round((now - (t ?? now)) / 1_000_000);
    const base = { t: t ?? now, w, proc: this.proc, op, type };
    writeSync(this.#file, `${JSON.stringify({ ...base, ...members })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
