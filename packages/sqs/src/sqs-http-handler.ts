import { setTimeLimit, systemClock, type Timer } from "@anyqueue/core/adapter";
import { Connections, hungUp, type Carried, type Connection, type Origin } from "./http-connections.ts";
import { headOf, type WrittenRequest } from "./http-head.ts";
import { ReplyReader } from "./http-reply.ts";
import { namedError } from "./named-error.ts";

/** A request as the SDK gives it to its handlers. */
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

/** An answer as these handlers return it, with the body in one piece. */
export interface HttpReply {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface HttpResult {
  readonly response: HttpReply;
}

/** The limits of one exchange. */
export interface ExchangeOptions {
  /** Milliseconds to wait for the head of the answer, and then for each next piece of its body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpHandlerSettings {
  /** Milliseconds that a new connection may take to open. */
  readonly connectTimeoutMs: number;
  /** The most connections to one host. */
  readonly maxSockets: number;
  /** The options of the call that a request belongs to. */
  readonly optionsOf: (request: object) => ExchangeOptions;
}

/**
 * Carries the SDK's requests over HTTP/1.1. The SDK's own handler costs more CPU than the rest of a request
 * together: four timers, a stream and a dozen listeners each. This one needs one timer, and the body arrives
 * as one buffer. It does not use Node's HTTP client either, which would then be two thirds of the cost of an
 * exchange (docs/decisions/0046).
 */
export class SqsHttpHandler {
  readonly metadata = { handlerProtocol: "http/1.1" };
  readonly #settings: HttpHandlerSettings;
  readonly #origins: Connections[] = [];
  #hasEnded = false;

  constructor(settings: HttpHandlerSettings) {
    this.#settings = settings;
  }

  /** @throws TimeoutError, AbortError or Node's socket error; the names are those of the SDK's handler. */
  async handle(request: HttpRequest): Promise<HttpResult> {
    return await this.exchange(request, this.#settings.optionsOf(request));
  }

  /** Does the same with the given options. */
  exchange(request: HttpRequest | WrittenRequest, options: ExchangeOptions): Promise<HttpResult> {
    return new Promise((resolve, reject) => {
      const connections = this.#connectionsTo(request);
      const exchange = new Exchange(request, options, this.#settings.connectTimeoutMs, resolve, reject);
      if (this.#hasEnded) exchange.fail(hungUp("the client has ended"));
      else if (exchange.start()) connections.carry(exchange);
    });
  }

  /** The SDK would change settings here; ours are fixed. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  /** Ends the exchanges under way; nothing is sent after that. */
  destroy(): void {
    this.#hasEnded = true;
    for (const connections of this.#origins) connections.destroy();
  }

  /** @throws ERR_INVALID_PROTOCOL */
  #connectionsTo(request: Origin): Connections {
    const known = this.#origins.find((connections) => connections.isTo(request));
    if (known !== undefined) return known;
    const { protocol, hostname, port } = request;
    // Without a scheme in the endpoint, as in `localhost:4566`, the host is taken for the scheme.
    if (!/^https?:$/.test(protocol) || hostname === "") {
      const error = new TypeError(`the endpoint ${protocol}//${hostname} is not an http or https URL`);
      throw Object.assign(error, { code: "ERR_INVALID_PROTOCOL" });
    }
    const connections = new Connections({ protocol, hostname, port }, this.#settings.maxSockets);
    this.#origins.push(connections);
    return connections;
  }
}

/** One request and its answer. */
class Exchange implements Carried {
  readonly #head: string;
  readonly #body: string | Uint8Array;
  readonly #options: ExchangeOptions;
  readonly #connectTimeoutMs: number;
  readonly #resolve: (reply: HttpResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #reader = new ReplyReader();
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  isOver = false;

  /** @throws ERR_INVALID_CHAR */
  constructor(
    request: HttpRequest | WrittenRequest,
    options: ExchangeOptions,
    connectTimeoutMs: number,
    resolve: (reply: HttpResult) => void,
    reject: (error: unknown) => void,
  ) {
    const { body } = request;
    this.#body = typeof body === "string" || body instanceof Uint8Array ? body : "";
    this.#head = "head" in request ? request.head : headOf(request, this.#body);
    this.#options = options;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Starts the timeout. Returns false if the call was already aborted. */
  start(): boolean {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.#abort();
      return false;
    }
    this.#watch();
    signal?.addEventListener("abort", this.#abort, { once: true });
    return true;
  }

  begin(connection: Connection): void {
    this.#connection = connection;
    if (!connection.isOpen) {
      const slow = setTimeLimit(systemClock, this.#expireConnect, this.#connectTimeoutMs);
      connection.onceOpen(() => slow.cancel());
    }
    const body = this.#body;
    // Text of one byte per character is joined to the head and written in one piece.
    if (typeof body === "string" && Buffer.byteLength(body) === body.length)
      connection.writeLatin1(this.#head + body);
    else connection.write(this.#head, body);
  }

  read(piece: Buffer): void {
    try {
      const reply = this.#reader.read(piece);
      if (reply !== undefined) this.#conclude(reply);
      else if (!this.#reader.isWaiting) this.#watch();
    } catch (error) {
      this.#cut(error);
    }
  }

  end(): void {
    const reply = this.#reader.end();
    if (reply !== undefined) this.#conclude(reply);
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.#end();
    this.#reject(this.#connection?.isOpen === true ? error : unsent(error));
  }

  #conclude(response: HttpReply): void {
    if (this.isOver) return;
    this.#end();
    if (this.#reader.isKeptAlive) this.#connection?.done(response.headers["keep-alive"]);
    else this.#connection?.destroy();
    this.#resolve({ response });
  }

  /** Starts the timeout with the request, and again with each piece of the answer's body. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = setTimeLimit(systemClock, this.#expire, this.#options.timeoutMs);
  }

  readonly #expire = (): void => {
    const what = this.#connection === undefined ? "no connection was free" : "no answer";
    this.#cut(namedError("TimeoutError", `${what} within ${this.#options.timeoutMs} ms`));
  };

  readonly #expireConnect = (): void => {
    const ms = this.#connectTimeoutMs;
    this.#cut(namedError("TimeoutError", `did not establish a connection with the server within ${ms} ms`));
  };

  readonly #abort = (): void =>
    this.#cut(namedError("AbortError", "the request was aborted", this.#options.signal?.reason));

  /** Ends the connection too: whatever still arrives on it belongs to no request. */
  #cut(error: unknown): void {
    if (this.isOver) return;
    this.fail(error);
    this.#connection?.destroy();
  }

  #end(): void {
    this.isOver = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }
}

/** Tells `classifySqsError` that the service has not seen the request, whatever failed. */
function unsent(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { isUnsent: true }) : error;
}
