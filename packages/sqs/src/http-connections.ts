import type { Socket } from "node:net";
import { systemClock } from "@anyqueue/core/adapter";

const { connect, isIP } = process.getBuiltinModule("node:net");
const { connect: connectTls } = process.getBuiltinModule("node:tls");

/** One request and its answer, as its connection sees it. */
export interface Carried {
  /** True once nobody waits for the answer any more. */
  readonly isOver: boolean;
  /** Receives its connection, which is its own until `done` and may still have to open. */
  begin(connection: Connection): void;
  /** Receives a piece of the answer. */
  read(piece: Buffer): void;
  /** The server sends no more. */
  end(): void;
  fail(error: Error): void;
}

export interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
}

const KEEP_ALIVE_MS = 1_000;
/** A connection is not reused this shortly before its server closes it: a request would be lost with it. */
const LAST_MOMENT_MS = 1_000;
/**
 * A connection that rested longer is not reused: a function that was frozen meanwhile would write to it
 * before it learns that the server closed it: https://github.com/aws/aws-sdk-js-v3/issues/1196. SQS does not
 * say when it closes a resting connection; S3 does so after 20 s:
 * https://github.com/vectordotdev/vector/pull/9703 (both 2026-11-29).
 */
const MAX_REST_MS = 15_000;

/** The connections to one origin. Each carries one exchange at a time; the last used is reused first. */
export class Connections {
  readonly #origin: Origin;
  readonly #maxSockets: number;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #waiting: Carried[] = [];
  /** The last TLS session, which makes the next handshake shorter. */
  #session: Buffer | undefined;

  constructor(origin: Origin, maxSockets: number) {
    this.#origin = origin;
    this.#maxSockets = maxSockets;
  }

  isTo({ protocol, hostname, port }: Origin): boolean {
    const own = this.#origin;
    return own.hostname === hostname && own.port === port && own.protocol === protocol;
  }

  carry(exchange: Carried): void {
    const connection = this.#takeFree() ?? this.#open();
    if (connection === undefined) this.#waiting.push(exchange);
    else connection.take(exchange);
  }

  destroy(): void {
    for (const exchange of this.#waiting.splice(0)) exchange.fail(hungUp());
    for (const connection of this.#all) connection.destroy();
  }

  /** Gives the connection to the next waiting exchange, or lets it rest. */
  release(connection: Connection): void {
    if (!connection.isUsable) {
      connection.destroy();
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) connection.take(next);
    else {
      connection.rest();
      this.#free.push(connection);
    }
  }

  forget(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#free.indexOf(connection);
    if (index >= 0) this.#free.splice(index, 1);
    const next = this.#nextWaiting();
    if (next !== undefined) this.carry(next);
  }

  #takeFree(): Connection | undefined {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      if (free.isUsable) return free;
      free.destroy();
    }
    return undefined;
  }

  #nextWaiting(): Carried | undefined {
    let next = this.#waiting.shift();
    while (next?.isOver === true) next = this.#waiting.shift();
    return next;
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#maxSockets) return undefined;
    const { protocol, hostname } = this.#origin;
    const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    const common = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    const connection =
      protocol === "http:"
        ? new Connection(this, connect({ ...common, port: this.#origin.port ?? 80 }), "connect")
        : new Connection(this, this.#openTls({ ...common, port: this.#origin.port ?? 443 }), "secureConnect");
    this.#all.add(connection);
    return connection;
  }

  #openTls(options: { readonly host: string; readonly port: number }): Socket {
    const socket = connectTls({
      ...options,
      servername: isIP(options.host) === 0 ? options.host.replace(/\.$/, "") : "",
      ALPNProtocols: ["http/1.1"],
      ...(this.#session !== undefined && { session: this.#session }),
    });
    return socket
      .on("session", (session: Buffer) => {
        this.#session = session;
      })
      .on("close", (hadError: boolean) => {
        if (hadError) this.#session = undefined;
      });
  }
}

/** One connection. It adds its listeners to the socket once, not once per request. */
export class Connection {
  readonly #home: Connections;
  readonly #socket: Socket;
  readonly #opened: "connect" | "secureConnect";
  /** Until this is true, nothing of a request goes out. */
  isOpen = false;
  #exchange: Carried | undefined;
  /** Wall-clock time: a monotonic clock may stand still while a function is frozen. */
  #restsSinceMs = 0;
  #maxRestMs = MAX_REST_MS;

  constructor(home: Connections, socket: Socket, opened: "connect" | "secureConnect") {
    this.#home = home;
    this.#socket = socket;
    this.#opened = opened;
    socket.once(opened, () => (this.isOpen = true));
    socket.on("data", (piece: Buffer) => {
      // No request is out, so these bytes must not become the answer to the next one.
      if (this.#exchange === undefined) this.destroy();
      else this.#exchange.read(piece);
    });
    socket.on("end", () => this.#exchange?.end());
    socket.on("error", (error) => this.#exchange?.fail(error));
    socket.on("close", () => {
      this.#exchange?.fail(hungUp());
      this.#exchange = undefined;
      home.forget(this);
    });
  }

  get isUsable(): boolean {
    const restedMs = systemClock.wallNow() - this.#restsSinceMs;
    const isFresh = restedMs >= 0 && restedMs < this.#maxRestMs;
    // Unsent bytes: half a request was answered, and whether the server reads the rest is unknown.
    return isFresh && this.#socket.writable && this.#socket.readable && this.#socket.writableLength === 0;
  }

  take(exchange: Carried): void {
    this.#exchange = exchange;
    this.#socket.ref();
    exchange.begin(this);
  }

  /** Calls back when the connection is open, or will never be. */
  onceOpen(listener: () => void): void {
    this.#socket.once(this.#opened, listener).once("close", listener);
  }

  /** Writes all in one system call, and in one packet if it fits. */
  write(head: string, body: string | Uint8Array): void {
    const socket = this.#socket;
    if (body.length === 0) socket.write(head, "latin1");
    else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    }
  }

  /** Does the same for one text of one byte per character. */
  writeLatin1(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Ends the exchange and makes the connection reusable. @param hint value of the header `keep-alive` */
  done(hint: string | undefined): void {
    this.#exchange = undefined;
    const [, seconds] = /timeout=(\d+)/i.exec(hint ?? "") ?? [];
    this.#maxRestMs = Math.min(MAX_REST_MS, Number(seconds ?? Infinity) * 1_000 - LAST_MOMENT_MS);
    this.#restsSinceMs = systemClock.wallNow();
    this.#home.release(this);
  }

  /** Stops the connection from keeping the process alive while it has no request. */
  rest(): void {
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export function hungUp(text = "socket hang up"): Error {
  return Object.assign(new Error(text), { code: "ECONNRESET" });
}
