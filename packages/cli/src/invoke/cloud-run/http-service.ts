import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FunctionFile } from "../function-file.ts";
import { ENDS_WITH_PARENT, FunctionProcess, ownProgram } from "../function-process.ts";
import { InvokeError } from "../invoke-error.ts";
import { freePort } from "./free-port.ts";
import type { PushRequest } from "./push-request.ts";

/** How one request ended. */
export type ServiceAnswer =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "timeout" }
  | { readonly kind: "crash"; readonly reason: string; readonly isOnUsedConnection: boolean };

export interface ServiceSettings {
  readonly file: FunctionFile;
  /** Undefined: the file listens on PORT or exports a handler. */
  readonly target: string | undefined;
  readonly path: string;
  readonly timeoutMs: number;
  readonly onLine: (line: string) => void;
}

const START_TIMEOUT_MS = 20_000;
const BEAT_MS = 50;
/** How long a process may take to end after a broken connection; if it lives on, this time is lost. */
const ENDING_MS = 1_000;
const FRAMEWORK = "@google-cloud/functions-framework";

/** Runs a function's file as a container does: gives it a PORT and starts it again after it has ended. */
export class HttpService {
  readonly #settings: ServiceSettings;
  readonly #agent = new Agent({ keepAlive: true });
  #process: FunctionProcess | undefined;
  #port = 0;
  #starting: Promise<void> | undefined;

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
  }

  /** Resolves when the service listens. @throws FUNCTION_DID_NOT_START, NO_SUCH_EXPORT, MISSING_PACKAGE */
  async start(): Promise<void> {
    if (this.#process?.isEnded === true) {
      // Both together, so that concurrent requests start only one process.
      this.#process = undefined;
      this.#starting = undefined;
    }
    this.#starting ??= this.#start();
    await this.#starting;
  }

  /** @throws FUNCTION_DID_NOT_START after a crash */
  async post(request: PushRequest): Promise<ServiceAnswer> {
    await this.start();
    const running = this.#process;
    const result = await this.#send(request, this.#agent);
    if (result.kind !== "crash") return result;
    // The connection breaks before the process is known to have ended; the next request needs a new process.
    await Promise.race([running?.ended, sleep(ENDING_MS)]);
    // The service may have closed an idle connection while the request was on its way.
    return result.isOnUsedConnection && running?.isEnded === false
      ? await this.#send(request, false)
      : result;
  }

  /** @param agent false: a connection of its own */
  async #send({ headers, body }: PushRequest, agent: Agent | false): Promise<ServiceAnswer> {
    const { path, timeoutMs } = this.#settings;
    const over = new AbortController();
    const answered = Promise.withResolvers<ServiceAnswer>();
    const sent = request(
      {
        host: "127.0.0.1",
        port: this.#port,
        path,
        method: "POST",
        headers,
        agent,
        signal: over.signal,
      },
      (response) => {
        response.resume();
        answered.resolve({ kind: "status", status: response.statusCode ?? 0 });
      },
    );
    sent.once("error", (error) => {
      if (over.signal.aborted) return;
      answered.resolve({ kind: "crash", reason: error.message, isOnUsedConnection: sent.reusedSocket });
    });
    // Pub/Sub takes this status as an acknowledgement, whatever follows.
    sent.once("information", ({ statusCode }) => {
      if (statusCode === 102) answered.resolve({ kind: "status", status: statusCode });
    });
    sent.end(body);
    const timer = new AbortController();
    const late = sleep(timeoutMs, { kind: "timeout" as const }, { signal: timer.signal });
    late.catch(() => {});
    const result = await Promise.race([answered.promise, late]);
    timer.abort();
    if (result.kind === "timeout") over.abort();
    return result;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#process?.end();
  }

  async #start(): Promise<void> {
    const { file, onLine } = this.#settings;
    this.#port = await freePort();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const service = new FunctionProcess({
      command: this.#command(),
      environment: { PORT: String(this.#port), K_SERVICE: "anyqueue-invoke", K_REVISION: "local" },
      onLine,
      onMessage: (message) => {
        if (isNoExport(message)) failed.reject(noExport(file, message.known));
      },
    });
    this.#process = service;
    void service.ended.then((reason) => failed.reject(this.#notStarted(`the process ended: ${reason}`)));
    const over = new AbortController();
    try {
      await Promise.race([
        untilListening(this.#port, over.signal),
        failed.promise,
        this.#tooLate(over.signal),
      ]);
    } catch (error) {
      await service.end();
      throw error;
    } finally {
      over.abort();
    }
  }

  async #tooLate(signal: AbortSignal): Promise<never> {
    await sleep(START_TIMEOUT_MS, undefined, { signal });
    throw this.#notStarted(`nobody listens on PORT after ${START_TIMEOUT_MS / 1_000} s`);
  }

  #command(): readonly string[] {
    const { file, target } = this.#settings;
    if (target === undefined) {
      const exported = file.exportName === undefined ? [] : [file.exportName];
      return [...ownProgram(import.meta.url, "http-function"), file.path, ...exported];
    }
    return [
      ...[process.execPath, ...process.execArgv, "--import", ENDS_WITH_PARENT],
      frameworkProgram(file.path),
      ...[`--source=${file.path}`, `--target=${target}`, `--port=${this.#port}`],
    ];
  }

  #notStarted(what: string): InvokeError {
    return new InvokeError(
      "FUNCTION_DID_NOT_START",
      `${this.#settings.file.path}: ${what}`,
      "Listen on process.env.PORT, export a handler (request, response), POST or { fetch }, or name a --target.",
    );
  }
}

/** Checks the kind, since a service may send messages of its own: `process.send("ready")`. */
function isNoExport(message: unknown): message is { readonly known: readonly string[] } {
  return typeof message === "object" && message !== null && Reflect.get(message, "kind") === "no-export";
}

function noExport({ path, exportName }: FunctionFile, known: readonly string[]): InvokeError {
  return new InvokeError(
    "NO_SUCH_EXPORT",
    `${path}: ${exportName ?? "handler"} is no handler; exported: ${known.join(", ")}`,
    "Name the export: file.export.",
  );
}

/** The vendor's own host, as installed with the function's package. @throws MISSING_PACKAGE */
function frameworkProgram(path: string): string {
  try {
    return join(dirname(createRequire(path).resolve(FRAMEWORK)), "main.js");
  } catch (error) {
    throw new InvokeError(
      "MISSING_PACKAGE",
      `--target is served by ${FRAMEWORK}, which is not installed where ${path} is`,
      `Run: npm install ${FRAMEWORK}`,
      { cause: error },
    );
  }
}

async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    if (await isListening(port)) return;
    // oxlint-disable-next-line no-await-in-loop
    await sleep(BEAT_MS);
  }
}

/** True if something on this machine accepts connections on the port. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return await new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
