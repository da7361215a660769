import type { HttpExchange } from "../../../http/http-exchange.ts";
import { startHttpListener } from "../../../http/http-listener.ts";
import type { Listener } from "../../../net/start-listener.ts";
import { reachableAuthority } from "../../front.ts";

// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (2026-11-29)
const NEXT = "/2018-06-01/runtime/invocation/next";
const RESULT = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const INIT_ERROR = "/2018-06-01/runtime/init/error";
/**
 * Applies to answers and events.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (2026-11-29)
 */
export const LAMBDA_MAX_PAYLOAD_BYTES: number = 6 * 1024 * 1024;

/** Bounded, because a runtime that cannot start tries again and again. */
const MAX_INIT_ERRORS = 100;

/** One event on its way through a function. */
export interface Invocation {
  /** Id of the call. */
  readonly requestId: string;
  /** The event as JSON. */
  readonly event: string;
  /** When the function's time ends, by the clock of its process. */
  readonly deadlineMs: number;
  /** ARN of the function. */
  readonly functionArn: string;
  /** Called once, with the function's answer. */
  readonly onResult: (result: InvocationResult) => void;
}

/** What a function answered. */
export interface InvocationResult {
  /** Whether it said that it failed. */
  readonly kind: "response" | "error";
  /** Its answer, or its error as JSON. */
  readonly body: string;
}

/** The runtime API of one function. Its processes poll for events here and post their answers. */
export class RuntimeEndpoint {
  readonly #onIdle: () => void;
  /** Environments waiting for an event, longest wait first. */
  readonly #idle = new Set<HttpExchange>();
  readonly #open = new Map<string, Invocation>();
  #listener: Listener | undefined;
  #authority = "";
  /** What runtimes reported about failed starts. */
  readonly initErrors: string[] = [];

  /** @param onIdle called when an environment asks for an event */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Listens, at a free port of this address. */
  async start(host: string): Promise<void> {
    this.#listener = await startHttpListener(host, 0, async (exchange) => this.#handle(exchange));
    this.#authority = reachableAuthority(host, this.#listener.port);
  }

  /** Value of AWS_LAMBDA_RUNTIME_API. */
  get authority(): string {
    return this.#authority;
  }

  /** True: an environment waits for an event. */
  get hasIdle(): boolean {
    return this.#idle.size > 0;
  }

  /** Gives an event to the environment that has waited longest. @returns false if none is waiting */
  dispatch(invocation: Invocation): boolean {
    const [exchange] = this.#idle;
    if (exchange === undefined) return false;
    this.#idle.delete(exchange);
    this.#open.set(invocation.requestId, invocation);
    exchange.answer({
      status: 200,
      headers: {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": invocation.requestId,
        "lambda-runtime-deadline-ms": String(invocation.deadlineMs),
        "lambda-runtime-invoked-function-arn": invocation.functionArn,
        "lambda-runtime-trace-id": `Root=1-00000000-${invocation.requestId.replaceAll("-", "").slice(0, 24)};Sampled=0`,
      },
      body: invocation.event,
    });
    return true;
  }

  /** The function's time is over: refuses a later answer. */
  forget(requestId: string): void {
    this.#open.delete(requestId);
  }

  /** Ends it with all that wait. */
  async close(): Promise<void> {
    this.#idle.clear();
    this.#open.clear();
    await this.#listener?.close();
  }

  #handle(exchange: HttpExchange): void {
    // The form of AWS's Node client without native code asks for //2018-06-01/….
    const pathname = exchange.target.pathname.replace(/^\/{2,}/, "/");
    const [, requestId, kind] = RESULT.exec(pathname) ?? [];
    if (exchange.method === "GET" && pathname === NEXT) this.#wait(exchange);
    else if (exchange.method === "POST" && requestId !== undefined)
      this.#finish(exchange, requestId, kind === "error" ? "error" : "response");
    else if (exchange.method === "POST" && pathname === INIT_ERROR) {
      this.initErrors.push(exchange.body);
      if (this.initErrors.length > MAX_INIT_ERRORS) this.initErrors.shift();
      answer(exchange, 202, { status: "OK" });
    } else
      answer(exchange, 404, { errorType: "NotFound", errorMessage: `No ${exchange.method} ${pathname}.` });
  }

  #wait(exchange: HttpExchange): void {
    if (exchange.disconnected.aborted) return;
    exchange.disconnected.addEventListener("abort", () => this.#idle.delete(exchange), { once: true });
    this.#idle.add(exchange);
    this.#onIdle();
  }

  #finish(exchange: HttpExchange, requestId: string, kind: InvocationResult["kind"]): void {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined) {
      answer(exchange, 400, { errorType: "InvalidRequestID", errorMessage: "Invalid request ID" });
      return;
    }
    this.#open.delete(requestId);
    const bytes = Buffer.byteLength(exchange.body);
    if (bytes > LAMBDA_MAX_PAYLOAD_BYTES) {
      answer(exchange, 413, { errorType: "RequestEntityTooLarge", errorMessage: "Exceeded 6 MB" });
      const errorMessage = `an answer of ${bytes} bytes, over the limit of ${LAMBDA_MAX_PAYLOAD_BYTES}`;
      const error = { errorType: "Function.ResponseSizeTooLarge", errorMessage };
      invocation.onResult({ kind: "error", body: JSON.stringify(error) });
      return;
    }
    answer(exchange, 202, { status: "OK" });
    invocation.onResult({ kind, body: exchange.body });
  }
}

function answer(exchange: HttpExchange, status: number, body: object): void {
  exchange.answer({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}
