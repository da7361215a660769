import type { DrainReport } from "../queue-consumer.ts";
import { systemClock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import { within } from "../time/within.ts";
import {
  asRecord,
  expects,
  functionProblems,
  listOf,
  noProblems,
  optionProblems,
  refuseProblems,
  textProblems,
  type Checks,
} from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { durationProblems } from "../message/check-policy.ts";
import type { QueueClient } from "./client-types.ts";
import { DEFAULTS } from "./defaults.ts";
import { startHealthServer, type HealthOptions } from "./health-server.ts";

/** The part of Node's `process` that a worker needs; a test can pass another one. */
export interface WorkerProcess {
  /** Starts listening for a signal. */
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  /** Stops listening for a signal. */
  off(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  /** Called with 1 on a second signal, half a second after the first or later. */
  exit(code: number): unknown;
  /** Set to 1 when a run has failed. */
  exitCode?: number | string | null | undefined;
}

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** Serves `client.health()` over HTTP, for an orchestrator's probes. @default not served */
  readonly health?: HealthOptions | undefined;
  /**
   * How long handlers may take to end after a signal; keep it below the platform's own grace period.
   * @default "25s"
   */
  readonly timeout?: Duration | undefined;
  /** For tests. @default Node's `process` */
  readonly process?: WorkerProcess | undefined;
}

/**
 * Runs a worker process until a signal or a failure, then drains and closes the client.
 *
 * On SIGTERM or SIGINT it drains everything and resolves; a second signal, half a second later or more, exits
 * with code 1 at once. If a run rejects, it drains the others, sets the exit code to 1, and throws the error. If all runs end by
 * themselves, it closes the client and resolves. Node delivers no signals to a worker thread: there, close
 * the client when the main thread says so.
 *
 * @example
 * await runWorker(
 *   client,
 *   [client.consumer(orders).run(onOrder), client.consumer(invoices, { concurrency: 2 }).run(onInvoice)],
 *   { health: { port: 8080 }, timeout: "25s" },
 * );
 *
 * @param runs the promises that `run` and `runBatch` of this client's consumers returned
 * @throws the first error of a run or of the close; INVALID_ARGUMENT for an option, a run that is not a
 * promise, or a port in use; TIMEOUT if a run has not ended `timeout` (at least 5 s) after the close, because
 * it is not of this client
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
  let firstAtMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = systemClock.now();
    firstAtMs ??= nowMs;
    if (nowMs - firstAtMs > ONE_SIGNAL_MS) target.exit(1);
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
    await endOf(runs, options);
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

/**
 * A signal that comes this soon after the first is the same one. A terminal, systemd and dumb-init signal the
 * whole process group, and npm, which is in the group, passes its own signal on to its script.
 */
const ONE_SIGNAL_MS = 500;

/** Waits for the runs and the application's work at their end. A run of another client would never end. */
async function endOf(runs: readonly Promise<DrainReport>[], { timeout }: WorkerOptions): Promise<void> {
  const withinMs = Math.max(LEAST_END_MS, timeout === undefined ? DEFAULTS.drainMs : durationToMs(timeout));
  const open = new Set(runs.keys());
  const ended = async (): Promise<void> => {
    const each = runs.map(async (run, index) => {
      await run;
      open.delete(index);
    });
    await Promise.all(each);
  };
  if (await within(systemClock, withinMs, ended())) return;
  const names = [...open].map((index) => `runs[${index}]`).join(", ");
  throw new QueueError("TIMEOUT", {
    what: `${names} did not end within ${withinMs} ms of the client's close`,
    remedy: "Give runWorker the runs of this client's consumers only; end other work when they have ended.",
  });
}

const LEAST_END_MS = 5_000;

/** Checks now, because a mistake found only when the worker ends would cost the drain. */
function checkCall(runs: unknown, options: WorkerOptions): void {
  refuseProblems([...runProblems(runs, "runWorker: runs"), ...optionProblems(options, OPTIONS, "runWorker")]);
}

/** A value that is not a promise would count as an ended run, and end the worker. */
const runProblems = listOf(
  expects("the promise of run()", (run) => typeof asRecord(run)["then"] === "function"),
);

const MAX_PORT = 65_535;

const HEALTH: Checks = {
  port: (port, where) =>
    Number.isInteger(port) && Number(port) >= 0 && Number(port) <= MAX_PORT
      ? []
      : [`${where}: expected a port from 0 to ${MAX_PORT}`],
  host: textProblems,
  onListening: functionProblems,
};

const OPTIONS: Checks = {
  health: (health, where) => optionProblems(health, HEALTH, where, ["port"]),
  timeout: durationProblems,
  process: noProblems,
};
