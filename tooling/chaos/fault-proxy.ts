import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { seededRandom } from "@anyqueue/core/testing";

/**
 * What a proxy does to the connections through it until it is told otherwise.
 * `pass`: nothing.
 * `refuse`: resets every connection, and each new one as soon as it is accepted.
 * `swallow`: requests reach the server; its answer does not come back, the client's connection is reset instead.
 * `halfOpen`: the server's side of the connections of this moment is gone, and their clients are not told; new ones pass.
 * `blackHole`: nothing arrives in either direction, nobody is told; the connections of that time stay dead.
 * `slow`: every piece of data comes late by a random time, in order.
 */
export type ProxyMode = "pass" | "refuse" | "swallow" | "halfOpen" | "blackHole" | "slow";

/** How a proxy is opened. */
export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Of the random delays of `slow`. */
  readonly seed: number;
  /** Longest delay of one piece of data while `slow`, milliseconds. @default 400 */
  readonly slowMs?: number;
}

/** Time between the answer that a client does not get and the reset that it gets instead, milliseconds. */
const SWALLOW_MS = 20;

/** A TCP proxy on a free loopback port that can go wrong in the ways in which networks do. */
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

  /** Listens; resolves when clients can connect. */
  static async open(options: ProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** `127.0.0.1:<port>`. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // a TCP server that listens has one
    return `127.0.0.1:${port}`;
  }

  /** How many connections were ever accepted: tells a client that connects without pause. */
  get accepted(): number {
    return this.#accepted;
  }

  get mode(): ProxyMode {
    return this.#mode;
  }

  /** From now on. Connections that died under the mode before stay dead. */
  set mode(mode: ProxyMode) {
    this.#mode = mode;
    for (const link of this.#links) {
      if (mode === "refuse") link.cut();
      else if (mode === "halfOpen") link.dieUnseen();
      else link.mode = mode;
    }
  }

  /** Resets every connection of this moment. */
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

/** One connection: what the client sees, and what the server sees. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #delayMs: () => number;
  #mode: ProxyMode = "pass";
  /** Nothing will ever arrive again. */
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

/** Writes in order, however long each piece is held up. */
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

/** A connection that ends badly is what the proxy is for; `close` follows. */
function ignore(): void {}
