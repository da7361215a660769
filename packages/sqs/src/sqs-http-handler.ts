import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { TLSSocket } from "node:tls";
import { systemClock, type Timer } from "@anyqueue/core/adapter";

/** As the SDK's handlers get it. */
export interface HttpRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly (string | null)[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** As they give it back, the body in one piece. */
export interface HttpReply {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface HttpResult {
  readonly response: HttpReply;
}

/** What one exchange may take. */
export interface ExchangeOptions {
  /** Milliseconds until the head of the answer, and then between two pieces of its body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpHandlerSettings {
  /** Milliseconds that a new connection may take to open. */
  readonly connectTimeoutMs: number;
  /** Connections to one host at most. */
  readonly maxSockets: number;
  /** The options of the call that a request belongs to. */
  readonly optionsOf: (request: object) => ExchangeOptions;
}

/**
 * Carries the SDK's requests over HTTP/1.1. The SDK's own handler costs more CPU than the rest of a request together:
 * four timers, a stream and a dozen listeners each. Here it is one timer, and the body arrives as one buffer.
 */
export class SqsHttpHandler {
  readonly metadata = { handlerProtocol: "http/1.1" };
  readonly #settings: HttpHandlerSettings;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(settings: HttpHandlerSettings) {
    this.#settings = settings;
    const agent = { keepAlive: true, maxSockets: settings.maxSockets };
    this.#http = new HttpAgent(agent);
    this.#https = new HttpsAgent(agent);
  }

  /** @throws TimeoutError, AbortError or Node's own error of the socket; the names are those of the SDK's handler. */
  async handle(request: HttpRequest): Promise<HttpResult> {
    return await this.exchange(request, this.#settings.optionsOf(request));
  }

  /** The same, with the options at hand. */
  exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpResult> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResult>();
    const exchange = new Exchange(
      this.#open(request),
      options,
      this.#settings.connectTimeoutMs,
      resolve,
      reject,
    );
    exchange.start(request.body, encodingOf(request));
    return promise;
  }

  /** Settings that the SDK would change on the fly; ours are fixed. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #open(request: HttpRequest): ClientRequest {
    const { hostname, port, method } = request;
    const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    const path = request.path + queryOf(request.query);
    const common = { host, port, method, headers: listOf(request.headers), path };
    return request.protocol === "http:"
      ? httpRequest({ ...common, agent: this.#http })
      : httpsRequest({ ...common, agent: this.#https });
  }
}

/** Node writes a list as it is. Of a record it makes a table first, and adds host and length where they are missing. */
function listOf(headers: HttpRequest["headers"]): HttpRequest["headers"] | readonly string[] {
  return "host" in headers && "content-length" in headers ? Object.entries(headers).flat() : headers;
}

/** Text of one byte a character is written at once; of other text Node reserves thrice the room, and writes it later. */
function encodingOf({ body, headers }: HttpRequest): BufferEncoding {
  return typeof body === "string" && headers["content-length"] === String(body.length) ? "latin1" : "utf8";
}

/** One request and its answer. */
class Exchange {
  readonly #request: ClientRequest;
  readonly #options: ExchangeOptions;
  readonly #connectTimeoutMs: number;
  readonly #resolve: (reply: HttpResult) => void;
  readonly #reject: (error: unknown) => void;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(
    request: ClientRequest,
    options: ExchangeOptions,
    connectTimeoutMs: number,
    resolve: (reply: HttpResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#options = options;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(body: unknown, encoding: BufferEncoding): void {
    const { signal } = this.#options;
    this.#request.on("error", this.#fail);
    this.#request.on("response", this.#read);
    this.#watch();
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted === true) {
      this.#abort();
      return;
    }
    this.#request.on("socket", (socket) => {
      if (!socket.connecting) return;
      const slow = systemClock.setTimer(this.#expireConnect, this.#connectTimeoutMs);
      // A server that takes the connection and never shakes hands is as unreachable as none.
      const ready = socket instanceof TLSSocket ? "secureConnect" : "connect";
      socket.once(ready, () => slow.cancel()).once("close", () => slow.cancel());
    });
    this.#request.end(body, encoding);
  }

  readonly #read = (response: IncomingMessage): void => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (!response.complete) this.#watch();
    });
    response.on("error", this.#fail);
    response.on("end", () => {
      if (!response.complete || this.#isOver) return;
      this.#end();
      const [first] = chunks;
      this.#resolve({
        response: {
          statusCode: response.statusCode ?? -1,
          reason: response.statusMessage,
          headers: headersOf(response),
          body: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks),
        },
      });
    });
  };

  readonly #fail = (error: unknown): void => {
    if (this.#isOver) return;
    this.#end();
    this.#reject(error);
  };

  /** Begins with the request, and anew with each piece of its answer. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = systemClock.setTimer(this.#expire, this.#options.timeoutMs);
  }

  readonly #expire = (): void => this.#cut("TimeoutError", `no answer within ${this.#options.timeoutMs} ms`);

  readonly #expireConnect = (): void => {
    this.#cut(
      "TimeoutError",
      `did not establish a connection with the server within ${this.#connectTimeoutMs} ms`,
    );
  };

  readonly #abort = (): void =>
    this.#cut("AbortError", "the request was aborted", this.#options.signal?.reason);

  #cut(name: string, message: string, cause?: unknown): void {
    if (this.#isOver) return;
    this.#fail(Object.assign(new Error(message, { cause }), { name }));
    this.#request.destroy();
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ");
  }
  return flat;
}

function queryOf(query: HttpRequest["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      [name, one ?? ""].map(encodeURIComponent).join("="),
    ),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
