import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { seededRandom } from "@anyqueue/core/testing";

/**
 * What a proxy does to its connections until the mode changes.
 * `pass`: nothing.
 * `refuse`: resets every connection, and each new one as soon as it is accepted.
 * `swallow`: requests reach the server, but instead of the response the client gets a reset.
 * `halfOpen`: closes the server's side of the current connections without telling the clients. New ones pass.
 * `blackHole`: drops all data in both directions and tells nobody. Connections of that time stay dead.
 * `slow`: delays every piece of data by a random time and keeps the order.
 */
export type ProxyMode = "pass" | "refuse" | "swallow" | "halfOpen" | "blackHole" | "slow";

/** How a proxy is opened. */
export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  /** The seed of the random delays of `slow`. */
  readonly seed: number;
  /** The longest delay of one piece of data in mode `slow`, milliseconds. @default 400 */
  readonly slowMs?: number;
}

/** The time between a swallowed response and the reset that the client gets instead, milliseconds. */
const SWALLOW_MS = 20;

/** A TCP proxy on a free loopback port that can fail as networks do. */
export class FaultProxy {
  readonly #options: Required<ProxyOptions>;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #random: () => number;
  #mode: ProxyMode = "pass";
  #accepted = 0;

  private constructor(options: ProxyOptions) {
    this.#options = { slowMs: 400, ...options };
    this.#random = seededRandom(options.seed);
    this.#server = createServer((client) => {
      this.#accept(client);
    });
  }

  /** Opens a proxy. Resolves when clients can connect. */
  static async open(options: ProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** `127.0.0.1:<port>`. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // a listening TCP server has one
    return `127.0.0.1:${port}`;
  }

  /** The number of connections accepted so far. It reveals a client that reconnects without pause. */
  get accepted(): number {
    return this.#accepted;
  }

  get mode(): ProxyMode {
    return this.#mode;
  }

  /** Sets the mode from now on. Connections that died in the previous mode stay dead. */
  set mode(mode: ProxyMode) {
    this.#mode = mode;
    for (const link of this.#links) {
      if (mode === "refuse") link.cut();
      else if (mode === "halfOpen") link.dieUnseen();
      else link.mode = mode;
    }
  }

  /** Resets all current connections. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.end();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    if (this.#mode === "refuse") {
      client.on("error", ignore);
      client.resetAndDestroy();
      return;
    }
    const { host, port, slowMs } = this.#options;
    const link = new Link(client, createConnection({ host, port }), () => this.#random() * slowMs);
    this.#links.add(link);
    link.mode = this.#mode;
    client.once("close", () => this.#links.delete(link));
  }
}

/** One connection: its client side and its server side. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #delayMs: () => number;
  #mode: ProxyMode = "pass";
  /** True if no data will ever pass again. */
  #isDead = false;

  constructor(client: Socket, upstream: Socket, delayMs: () => number) {
    this.#client = client;
    this.#upstream = upstream;
    this.#delayMs = delayMs;
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", ignore);
    }
    const toServer = new Direction(upstream);
    const toClient = new Direction(client);
    client.on("data", (data) => {
      if (!this.#isSilent()) toServer.write(data, this.#delay());
    });
    upstream.on("data", (data) => {
      if (this.#isSilent()) return;
      if (this.#mode === "swallow") setTimeout(() => this.cut(), SWALLOW_MS);
      else toClient.write(data, this.#delay());
    });
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => {
      if (!this.#isSilent()) toClient.end(this.#delay());
    });
  }

  set mode(mode: ProxyMode) {
    if (mode === "blackHole") this.#isDead = true;
    this.#mode = mode;
  }

  cut(): void {
    this.#client.resetAndDestroy();
    this.#upstream.destroy();
  }

  dieUnseen(): void {
    this.#isDead = true;
    this.#upstream.destroy();
  }

  end(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #isSilent(): boolean {
    return this.#isDead;
  }

  #delay(): number {
    return this.#mode === "slow" ? this.#delayMs() : 0;
  }
}

/** Writes pieces of data in order, however long each is delayed. */
class Direction {
  readonly #socket: Socket;
  readonly #pieces: (() => void)[] = [];
  #isWaiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(data: Buffer, delayMs: number): void {
    this.#pass(() => {
      if (!this.#socket.destroyed) this.#socket.write(data);
    }, delayMs);
  }

  end(delayMs: number): void {
    this.#pass(() => this.#socket.end(), delayMs);
  }

  #pass(piece: () => void, delayMs: number): void {
    if (delayMs === 0 && !this.#isWaiting) {
      piece();
      return;
    }
    this.#pieces.push(piece);
    if (!this.#isWaiting) this.#wait(delayMs);
  }

  #wait(delayMs: number): void {
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      for (const piece of this.#pieces.splice(0)) piece();
    }, delayMs);
  }
}

/** Errors of connections are expected here, and `close` follows each. */
function ignore(): void {}
