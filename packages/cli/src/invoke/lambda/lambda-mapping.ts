import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readBatchResponse, type BatchFailures } from "@anyqueue/emulator/lambda";
import type { Message } from "@aws-sdk/client-sqs";
import type { InvocationReport } from "../invocation-report.ts";
import type { BatchGatherer, GatheredBatch } from "./batch-gatherer.ts";
import type { EnvironmentPool } from "./environment-pool.ts";
import type { EnvironmentResult } from "./lambda-environment.ts";
import { orderBreaks } from "./order-breaks.ts";

export interface MappingParts {
  readonly queue: {
    delete(messages: readonly Message[]): Promise<readonly string[]>;
    release(messages: readonly Message[]): Promise<readonly string[]>;
  };
  readonly gatherer: BatchGatherer;
  readonly pool: EnvironmentPool;
  readonly isPartial: boolean;
  /** True: ends when the queue is empty and no call is running. */
  readonly isOnce: boolean;
  readonly onReport: (report: InvocationReport) => void;
  readonly onWarning: (text: string) => void;
  /** This many messages were deleted although the function wants them again. */
  readonly onLost: (count: number) => void;
  /** Messages were handled but could not be settled: they come again. */
  readonly onUnsettled: (count: number) => void;
}

const MAX_FAILURES_IN_A_ROW = 5;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** Polls, calls the function, and deletes what it handled, like an event source mapping. */
export class LambdaMapping {
  readonly #parts: MappingParts;
  readonly #running = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(parts: MappingParts) {
    this.#parts = parts;
  }

  /** Resolves when `signal` aborts, or the queue is empty with `isOnce`, once every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#poll(signal);
    } finally {
      // Released at once, because a call may still run for minutes.
      await Promise.all([...this.#running, this.#release(this.#parts.gatherer.held)]);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { pool, gatherer, isOnce } = this.#parts;
    let failuresInARow = 0;
    // oxlint-disable no-await-in-loop -- one poller
    while (!signal.aborted && this.#failure === undefined) {
      await pool.untilRoom();
      if (signal.aborted) return;
      // An open receive may miss what a call sends meanwhile: the last one begins when no call is running.
      const wasIdle = this.#running.size === 0;
      try {
        // The run cannot end while a call is running, so a receive without waiting is enough.
        const batch = await gatherer.next(signal, isOnce && !wasIdle ? 0 : undefined);
        failuresInARow = 0;
        if (batch !== undefined) this.#start(batch);
        else if (isOnce && wasIdle) return;
        else if (isOnce && this.#running.size > 0) await Promise.race(this.#running);
      } catch (error) {
        failuresInARow += 1;
        if (!isPassing(error) || failuresInARow >= MAX_FAILURES_IN_A_ROW) throw error;
        this.#parts.onWarning(
          `the queue could not be asked, trying again: ${error instanceof Error ? error.message : String(error)}`,
        );
        await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { signal }).catch(() => {});
      }
    }
    // oxlint-enable no-await-in-loop
  }

  #start(batch: GatheredBatch): void {
    const call = this.#invoke(batch)
      .catch(async (error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        await this.#release(batch.messages);
      })
      .finally(() => this.#running.delete(call));
    this.#running.add(call);
  }

  async #invoke({ messages, event }: GatheredBatch): Promise<void> {
    const { pool, queue, onLost, onReport, onUnsettled, onWarning } = this.#parts;
    const requestId = randomUUID();
    const { result, isColdStart, durationMs } = await pool.invoke(event, requestId);
    const messageIds = messages.map(({ MessageId }) => MessageId ?? "");
    const failures = this.#failures(messageIds, result);
    const isFailed = (id: string): boolean => failures === "all" || (failures !== "none" && failures.has(id));
    const failedIds = messageIds.filter(isFailed);
    const done = messages.filter(({ MessageId }) => !isFailed(MessageId ?? ""));
    for (const text of orderBreaks(messages, isFailed)) onWarning(text);
    const lost = this.#listedInVain(messageIds, result);
    if (lost > 0) {
      onWarning(lostText(lost));
      onLost(lost);
    }
    const undeleted = done.length === 0 ? [] : await queue.delete(done);
    for (const text of undeleted) onWarning(`handled, but not deleted, so it comes again: ${text}`);
    if (undeleted.length > 0) onUnsettled(undeleted.length);
    onReport({
      requestId,
      messageIds,
      outcome: outcomeOf(result, failures),
      failedIds,
      error: errorOf(result, failures),
      durationMs,
      isColdStart: isColdStart || undefined,
    });
  }

  /** Releases messages that no function has seen. */
  async #release(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    for (const text of await this.#parts.queue.release(messages))
      this.#parts.onWarning(`not given back, comes again after its visibility timeout: ${text}`);
  }

  #failures(messageIds: readonly string[], result: EnvironmentResult): BatchFailures {
    if (result.kind !== "response") return "all";
    return readBatchResponse(result.body, messageIds, this.#parts.isPartial);
  }

  /** How many messages the function wants again from a mapping that ignores its answer. */
  #listedInVain(messageIds: readonly string[], result: EnvironmentResult): number {
    if (this.#parts.isPartial || result.kind !== "response") return 0;
    const listed = readBatchResponse(result.body, messageIds, true);
    return typeof listed === "string" ? 0 : listed.size;
  }
}

function outcomeOf(result: EnvironmentResult, failures: BatchFailures): InvocationReport["outcome"] {
  if (result.kind !== "response") return result.kind;
  if (failures === "none") return "ok";
  return failures === "all" ? "error" : "partial";
}

function lostText(count: number): string {
  const [what, is] = count === 1 ? ["1 message", "is"] : [`${count} messages`, "are"];
  return `${what} that the function lists as failed ${is} deleted, as Lambda does it without --report-batch-item-failures.`;
}

/** Returns one line. */
function errorOf(result: EnvironmentResult, failures: BatchFailures): string | undefined {
  if (result.kind === "timeout") return "no answer within the function's timeout";
  if (result.kind === "crash") return result.body;
  if (result.kind === "response") return failures === "all" ? "the answer is no batch response" : undefined;
  try {
    const said: unknown = JSON.parse(result.body);
    if (typeof said !== "object" || said === null) return result.body;
    return `${Reflect.get(said, "errorType")}: ${Reflect.get(said, "errorMessage")}`.split("\n")[0];
  } catch {
    return result.body;
  }
}

/** False if trying again will not help: the queue is gone, or rights are missing. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { cause = error } = error;
  if (!(cause instanceof Error)) return false;
  // The service also blames the client for too many requests, or too many messages in flight.
  return Reflect.get(cause, "$fault") !== "client" || /Throttl|^OverLimit$/.test(cause.name);
}
