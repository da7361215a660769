import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { FunctionProcess, ownProgram } from "../function-process.ts";
import { InvokeError } from "../invoke-error.ts";
import type { InvokeMessage, RegisteredFunction, WorkerMessage } from "./worker-messages.ts";

/** How one invocation ended. */
export interface AppResult {
  readonly outcome: "ok" | "error" | "timeout" | "crash";
  readonly error?: string | undefined;
}

export interface AppSettings {
  readonly path: string;
  /** Extra arguments for the app's process. */
  readonly workerArguments: readonly string[];
  readonly timeoutMs: number;
  readonly onLine: (line: string) => void;
}

/**
 * https://learn.microsoft.com/azure/azure-functions/functions-host-json (2026-11-29) names no limit; the
 * worker's own is one minute.
 */
const START_TIMEOUT_MS = 60_000;

/** An app in its own process, which is started again after a crash or a timeout. */
export class FunctionsApp {
  readonly #settings: AppSettings;
  #worker: FunctionProcess | undefined;
  #starting: Promise<readonly RegisteredFunction[]> | undefined;
  readonly #open = new Map<string, (result: AppResult) => void>();

  constructor(settings: AppSettings) {
    this.#settings = settings;
  }

  /** Loads the app if it is not loaded. @throws FUNCTION_DID_NOT_START */
  async start(): Promise<readonly RegisteredFunction[]> {
    if (this.#worker?.isEnded === true) this.#starting = undefined;
    this.#starting ??= this.#load();
    return await this.#starting;
  }

  /** @throws FUNCTION_DID_NOT_START after a crash */
  async invoke(
    message: Omit<InvokeMessage, "kind" | "invocationId">,
    invocationId: string = randomUUID(),
  ): Promise<AppResult> {
    await this.start();
    const done = Promise.withResolvers<AppResult>();
    const over = new AbortController();
    const late = sleep(
      this.#settings.timeoutMs,
      { outcome: "timeout" as const, error: "it did not end within the function's timeout" },
      { signal: over.signal },
    );
    late.catch(() => {});
    this.#open.set(invocationId, done.resolve);
    if (this.#worker?.send({ kind: "invoke", invocationId, ...message }) !== true)
      done.resolve({ outcome: "crash", error: "the process has gone" });
    const result = await Promise.race([done.promise, late]);
    over.abort();
    this.#open.delete(invocationId);
    // A single function cannot be stopped: the host ends its worker and everything else that it was doing.
    if (result.outcome === "timeout") await this.close();
    return result;
  }

  async close(): Promise<void> {
    await this.#worker?.end();
  }

  async #load(): Promise<readonly RegisteredFunction[]> {
    const { path, workerArguments, onLine } = this.#settings;
    const loaded = Promise.withResolvers<readonly RegisteredFunction[]>();
    const failed = (what: string): void =>
      loaded.reject(
        new InvokeError("FUNCTION_DID_NOT_START", `${path}: ${what}`, "What the app wrote is above."),
      );
    const worker = new FunctionProcess({
      command: [...ownProgram(import.meta.url, "functions-worker"), path, ...workerArguments],
      environment: { FUNCTIONS_WORKER_RUNTIME: "node", AzureWebJobsFeatureFlags: "EnableWorkerIndexing" },
      onLine,
      onMessage: (message) => {
        const said = message as WorkerMessage;
        if (said.kind === "loaded") loaded.resolve(said.functions);
        else if (said.kind === "not-loaded") failed(said.error);
        else
          this.#open.get(said.invocationId)?.({
            outcome: said.error === undefined ? "ok" : "error",
            error: said.error,
          });
      },
    });
    this.#worker = worker;
    void worker.ended.then((reason) => {
      failed(`the process ended: ${reason}`);
      for (const end of this.#open.values()) end({ outcome: "crash", error: `the process ended: ${reason}` });
    });
    const over = new AbortController();
    void sleep(START_TIMEOUT_MS, undefined, { signal: over.signal }).then(
      () => failed("it did not load within a minute"),
      () => {},
    );
    try {
      return await loaded.promise;
    } catch (error) {
      await worker.end();
      throw error;
    } finally {
      over.abort();
    }
  }
}
