import type { DrainReport } from "../queue-consumer.ts";
import type { Duration } from "../time/duration.ts";
import { asRecord, callProblems, functionProblems, kindOf, refuseProblems } from "../errors/check-options.ts";
import { durationProblems } from "../message/check-policy.ts";
import type { QueueClient } from "./client-types.ts";
import { startHealthServer, type HealthOptions } from "./health-server.ts";

/** The part of `process` that a worker needs; replaced in tests. */
export interface WorkerProcess {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  off(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  exit(code: number): unknown;
  exitCode?: number | string | null | undefined;
}

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** Serves `/healthz`, `/livez` and `/readyz`. @default none */
  readonly health?: HealthOptions | undefined;
  /** How long handlers may take to end. @default "25s" */
  readonly timeout?: Duration | undefined;
  /** @default the process itself */
  readonly process?: WorkerProcess | undefined;
}

/**
 * Runs until a signal or a failure, then drains the client.
 *
 * SIGTERM and SIGINT drain everything and resolve; a second signal exits with 1 at once. A run that rejects drains
 * the others, sets the exit code to 1 and rejects with its error. Runs that all end by themselves close the client.
 */
export async function runWorker(
  /* oxlint-disable-next-line typescript/no-explicit-any -- any client fits, whatever its providers */
  client: QueueClient<any>,
  runs: readonly Promise<DrainReport>[],
  options: WorkerOptions = {},
): Promise<void> {
  checkCall(runs, options);
  const target: WorkerProcess = options.process ?? process;
  const signalled = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) target.exit(1);
    signalled.resolve();
  };
  target.on("SIGTERM", onSignal);
  target.on("SIGINT", onSignal);
  const ended = Promise.all(runs);
  // Awaited below; until then a rejection must not count as unhandled.
  ended.catch(() => {});
  let server: { close(): Promise<void> } | undefined;
  try {
    if (options.health !== undefined) server = await startHealthServer(client, options.health);
    await Promise.race([ended, signalled.promise]);
    await client.close({ timeout: options.timeout });
    await ended;
  } catch (error) {
    target.exitCode = 1;
    await Promise.allSettled([client.close({ timeout: options.timeout })]);
    throw error;
  } finally {
    target.off("SIGTERM", onSignal);
    target.off("SIGINT", onSignal);
    await server?.close();
  }
}

/** Now, because a mistake that shows only when the worker ends would cost the drain. */
function checkCall(runs: unknown, options: WorkerOptions): void {
  refuseProblems(callProblems(options, ["health", "timeout", "process"], "runWorker"));
  const { health, timeout } = options;
  refuseProblems([
    ...(Array.isArray(runs)
      ? runs.flatMap(runProblems)
      : [`runWorker: expected a list of runs, got ${kindOf(runs)}`]),
    ...(timeout === undefined ? [] : durationProblems(timeout, "runWorker.timeout")),
    ...(health === undefined ? [] : healthProblems(health)),
  ]);
}

/** A consumer in the place of its run would count as one that has ended, and the worker with it. */
function runProblems(run: unknown, index: number): string[] {
  if (typeof asRecord(run)["then"] === "function") return [];
  return [`runWorker.runs[${index}]: expected what run() returned, got ${kindOf(run)}`];
}

function healthProblems(health: unknown): string[] {
  const where = "runWorker.health";
  const problems = callProblems(health, ["port", "host", "onListening"], where);
  const given = asRecord(health);
  const { port, host } = given;
  const isPort = Number.isInteger(port) && Number(port) >= 0 && Number(port) <= MAX_PORT;
  if (!isPort) problems.push(`${where}.port: expected a port from 0 to ${MAX_PORT}`);
  if (host !== undefined && typeof host !== "string")
    problems.push(`${where}.host: expected a text, got ${kindOf(host)}`);
  return [...problems, ...functionProblems(given, ["onListening"], where)];
}

const MAX_PORT = 65_535;
