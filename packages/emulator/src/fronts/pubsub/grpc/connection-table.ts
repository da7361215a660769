import { createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { ServerCredentials, type ConnectionInjector, type Server } from "@grpc/grpc-js";
import { EmulatorError } from "../../../emulator-error.ts";
import { listen } from "../../../net/start-listener.ts";

/** A client's connection, in the hands of the faults that are about connections. */
export interface Connection {
  /** True: it stays open and is never written to again. */
  isSilent: boolean;
  reset(): void;
  /** Says goodbye in HTTP/2's way; calls under way have `graceMs` to end. */
  drain(graceMs: number): void;
}

/** Owns the sockets: each is handed to grpc by itself, so that each can be drained or cut by itself. */
export class ConnectionTable {
  readonly #grpc: Server;
  readonly #net: NetServer;
  readonly #connections = new Map<string, Connection & { readonly socket: Socket }>();

  constructor(grpc: Server) {
    this.#grpc = grpc;
    // Small frames must not wait for the acknowledgement of the ones before.
    this.#net = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Returns the port. */
  async listen(host: string, port: number): Promise<number> {
    await listen(this.#net, host, port);
    return portOf(this.#net.address());
  }

  /** By the name that grpc has for the other end. */
  get(peer: string): Connection | undefined {
    return this.#connections.get(peer);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#net.close(() => resolve());
    });
    for (const { socket } of this.#connections.values()) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#connections.set(peer, newConnection(socket, injector));
    socket.once("close", () => {
      this.#connections.delete(peer);
      injector.destroy();
    });
    // A client that vanishes in the middle of a frame is no news.
    socket.on("error", () => undefined);
    injector.injectConnection(socket);
  }
}

function newConnection(
  socket: Socket,
  injector: ConnectionInjector,
): Connection & { readonly socket: Socket } {
  return {
    socket,
    isSilent: false,
    reset: () => {
      socket.resetAndDestroy();
    },
    drain: (graceMs) => {
      injector.drain(graceMs);
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address === "object" && address !== null) return address.port;
  throw new EmulatorError("NO_ADDRESS", "The Pub/Sub server has no port.");
}
