import { createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { ServerCredentials, type ConnectionInjector, type Server } from "@grpc/grpc-js";
import { EmulatorError } from "../../../emulator-error.ts";
import { resetConnection } from "../../../net/reset-connection.ts";
import { listen } from "../../../net/start-listener.ts";

/** A client's connection, as faults act on it. */
export interface Connection {
  /** True: the connection stays open, but nothing more is written to it. */
  isSilent: boolean;
  reset(): void;
  /** Sends an HTTP/2 GOAWAY. Calls under way have `graceMs` to end. */
  drain(graceMs: number): void;
}

/** Owns the sockets. Each one is handed to grpc separately, so that it can be drained or cut separately. */
export class ConnectionTable {
  readonly #grpc: Server;
  readonly #net: NetServer;
  readonly #connections = new Map<string, Connection & { readonly socket: Socket }>();

  constructor(grpc: Server) {
    this.#grpc = grpc;
    // `noDelay`: small frames must not wait for the acknowledgement of earlier ones.
    this.#net = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Returns the port. */
  async listen(host: string, port: number): Promise<number> {
    await listen(this.#net, host, port);
    return portOf(this.#net.address());
  }

  /** Finds a connection by grpc's name for the other end. */
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
    // It is normal for a client to vanish in the middle of a frame.
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
      resetConnection(socket);
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
