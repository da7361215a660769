import { randomUUID } from "node:crypto";
import { basename, dirname, extname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeEndpoint, type InvocationResult } from "@anyqueue/emulator/lambda";
import type { FunctionFile } from "../function-file.ts";
import { FunctionProcess, ownProgram } from "../function-process.ts";
import { InvokeError } from "../invoke-error.ts";

/** How every environment of a function is started. */
export interface EnvironmentSettings {
  readonly file: FunctionFile;
  readonly functionName: string;
  readonly functionArn: string;
  readonly region: string;
  readonly timeoutMs: number;
  readonly runtimeClient: readonly string[] | undefined;
  readonly onLine: (line: string) => void;
}

/** The outcome of one call: the function's answer, or why there is none. */
export type EnvironmentResult =
  | InvocationResult
  | { readonly kind: "timeout" }
  | { readonly kind: "crash"; readonly body: string };

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (2026-11-29): "Init phase" */
const INIT_TIMEOUT_MS = 10_000;

/** One execution environment: a process with its own runtime API. */
export class LambdaEnvironment {
  readonly #settings: EnvironmentSettings;
  readonly #runtime = new RuntimeEndpoint(() => this.#idle.resolve());
  #idle = Promise.withResolvers<void>();
  #process: FunctionProcess | undefined;

  constructor(settings: EnvironmentSettings) {
    this.#settings = settings;
  }

  /**
   * Resolves when the function is loaded and asks for its first event.
   * @throws NO_SUCH_EXPORT, FUNCTION_DID_NOT_START
   */
  static async start(settings: EnvironmentSettings): Promise<LambdaEnvironment> {
    const environment = new LambdaEnvironment(settings);
    try {
      await environment.#start();
      return environment;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  /** False if its process is gone or was told to end. */
  get isUsable(): boolean {
    return this.#process?.isEnded === false;
  }

  /** Only one call at a time. After `timeout` or `crash` the environment cannot be used any more. */
  async invoke(event: string, requestId: string = randomUUID()): Promise<EnvironmentResult> {
    const { timeoutMs, functionArn } = this.#settings;
    const process = this.#running();
    const over = new AbortController();
    const answered = Promise.withResolvers<EnvironmentResult>();
    const crashed = process.ended.then((reason) => ({
      kind: "crash" as const,
      body: `the process ended: ${reason}`,
    }));
    const late = sleep(timeoutMs, { kind: "timeout" as const }, { signal: over.signal });
    late.catch(() => {});
    const deadlineMs = Date.now() + timeoutMs;
    void this.#idle.promise.then(() => {
      if (over.signal.aborted) return;
      this.#idle = Promise.withResolvers();
      this.#runtime.dispatch({ requestId, event, deadlineMs, functionArn, onResult: answered.resolve });
    });
    const result = await Promise.race([answered.promise, crashed, late]);
    over.abort();
    if (result.kind === "timeout" || result.kind === "crash") await this.close();
    return result;
  }

  async close(): Promise<void> {
    await this.#process?.end();
    await this.#runtime.close();
  }

  #running(): FunctionProcess {
    if (this.#process !== undefined) return this.#process;
    throw new Error("The environment has not been started.");
  }

  async #start(): Promise<void> {
    const { file, onLine, runtimeClient } = this.#settings;
    await this.#runtime.start("127.0.0.1");
    const handler = `${basename(file.path, extname(file.path))}.${file.exportName ?? "handler"}`;
    const command =
      runtimeClient === undefined
        ? [...ownProgram(import.meta.url, "lambda-bootstrap"), basename(file.path)]
        : [...runtimeClient, handler];
    const started = new FunctionProcess({
      command,
      environment: this.#variables(handler),
      directory: runtimeClient === undefined ? undefined : dirname(file.path),
      onLine,
    });
    this.#process = started;
    const over = new AbortController();
    const late = sleep(INIT_TIMEOUT_MS, `it asked for no event within ${INIT_TIMEOUT_MS / 1_000} s`, {
      signal: over.signal,
    });
    late.catch(() => {});
    const failure = await Promise.race([this.#idle.promise, started.ended, late]);
    over.abort();
    if (failure !== undefined) throw this.#startError(failure);
  }

  #variables(handler: string): Readonly<Record<string, string>> {
    const { file, functionName, region, timeoutMs } = this.#settings;
    return {
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: dirname(file.path),
      AWS_LAMBDA_RUNTIME_API: this.#runtime.authority,
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(Math.ceil(timeoutMs / 1_000)),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
      AWS_LAMBDA_LOG_STREAM_NAME: "local",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    };
  }

  #startError(failure: string): InvokeError {
    const { path } = this.#settings.file;
    const [said] = this.#runtime.initErrors;
    const { errorType, errorMessage } = readInitError(said);
    if (errorType === "Runtime.HandlerNotFound") {
      return new InvokeError("NO_SUCH_EXPORT", `${path}: ${errorMessage}`, "Name the export: file.export.");
    }
    const what = said === undefined ? failure : `${errorType}: ${errorMessage}`;
    return new InvokeError(
      "FUNCTION_DID_NOT_START",
      `${path}: ${what}`,
      "No message was taken; what the function wrote is above.",
    );
  }
}

function readInitError(text: string | undefined): { errorType: string; errorMessage: string } {
  let said: unknown;
  try {
    said = JSON.parse(text ?? "{}");
  } catch {
    said = {};
  }
  const member = (name: string): string =>
    typeof said === "object" && said !== null ? String(Reflect.get(said, name) ?? "") : "";
  return { errorType: member("errorType"), errorMessage: member("errorMessage") };
}
