import { oneLine } from "../one-line.ts";

/** One call of the function, and the outcome for its messages. */
export interface InvocationReport {
  readonly requestId: string;
  /** Name of the function, if a file may have several. */
  readonly functionName?: string | undefined;
  /** The messages' ids at the provider. */
  readonly messageIds: readonly string[];
  /** `partial`: it lists failures · `error`: it failed · `timeout`: it was late · `crash`: process ended. */
  readonly outcome: "ok" | "partial" | "error" | "timeout" | "crash";
  /** Messages that stay in the queue and come again. */
  readonly failedIds: readonly string[];
  /** The function's error, on one line. */
  readonly error?: string | undefined;
  readonly durationMs: number;
  /** True: the function's process was started for this call. */
  readonly isColdStart?: boolean | undefined;
}

/** One JSON object. */
export function reportAsJson(report: InvocationReport): string {
  return JSON.stringify({ ...report, durationMs: Math.round(report.durationMs) });
}

/** One line for people. */
export function reportAsText(report: InvocationReport): string {
  const { outcome, messageIds, failedIds, durationMs, requestId, error, functionName } = report;
  const failed = failedIds.length === 0 ? "" : `, ${failedIds.length} failed`;
  const batch = `${messageIds.length} message${messageIds.length === 1 ? "" : "s"}${failed}`;
  const name = functionName === undefined ? "" : `  ${functionName}`;
  const cold = report.isColdStart === true ? ", cold start" : "";
  const reason = error === undefined ? "" : `  ${oneLine(error)}`;
  return `${outcome.padEnd(7)}  ${batch.padEnd(24)}  ${Math.round(durationMs)} ms${cold}  ${requestId}${name}${reason}`;
}

/** The totals of a run. */
export class InvocationTally {
  invocations = 0;
  handled = 0;
  failed = 0;
  /** Failed, but deleted all the same. */
  lost = 0;
  /** Handled, but could not be settled. */
  unsettled = 0;

  count({ messageIds, failedIds }: InvocationReport): void {
    this.invocations += 1;
    this.failed += failedIds.length;
    this.handled += messageIds.length - failedIds.length;
  }

  get isClean(): boolean {
    return this.failed === 0 && this.lost === 0 && this.unsettled === 0;
  }

  toString(): string {
    const failures = this.failed === 0 ? "" : `, ${this.failed} failed and left to the queue`;
    const lost = this.lost === 0 ? "" : `, ${this.lost} failed and deleted`;
    const unsettled = this.unsettled === 0 ? "" : `, ${this.unsettled} handled but not settled`;
    const calls = `${this.invocations} invocation${this.invocations === 1 ? "" : "s"}`;
    return `${calls}: ${this.handled - this.lost} handled${failures}${lost}${unsettled}.`;
  }
}
