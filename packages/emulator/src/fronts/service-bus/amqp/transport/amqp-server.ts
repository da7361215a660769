import { randomUUID } from "node:crypto";
import { AmqpConnection, type ConnectionOptions } from "./amqp-connection.ts";
import type { AmqpStream } from "./amqp-stream.ts";
import type { AttachRequest } from "./attach-request.ts";
import type { AmqpError } from "./performatives.ts";

/** Called for every link that a client wants to attach. */
export type AttachHandler = (request: AttachRequest, connection: AmqpConnection) => void;

// The service keeps an idle connection for four minutes. Its clients expect a frame at least once a minute.
// Seen on the wire with @azure/service-bus 7.9.5, 2026-11-24.
const TIMING = { heartbeatMs: 30_000, openingMs: 240_000, silenceMs: 240_000, farewellMs: 10_000 };

/** An AMQP 1.0 server without a port. The server that listens hands it the sockets. */
export class AmqpServer {
  readonly #onAttach: AttachHandler;
  readonly #options: ConnectionOptions;
  readonly #connections = new Set<AmqpConnection>();

  constructor(onAttach: AttachHandler, timing: Partial<typeof TIMING> = {}) {
    this.#onAttach = onAttach;
    this.#options = { containerId: randomUUID().replaceAll("-", ""), ...TIMING, ...timing };
  }

  /** Takes over a connected socket, which may still hold received bytes that nobody has read. */
  accept(socket: AmqpStream): void {
    const connection = new AmqpConnection(socket, this.#options, {
      onAttach: this.#onAttach,
      onClosed: (closed) => {
        this.#connections.delete(closed);
      },
    });
    this.#connections.add(connection);
  }

  connections(): readonly AmqpConnection[] {
    return [...this.#connections];
  }

  /** Sends a close frame to every client. */
  closeAll(error?: AmqpError): void {
    for (const connection of this.connections()) connection.close(error);
  }

  /** Disconnects every client. */
  destroyAll(): void {
    for (const connection of this.connections()) connection.destroy();
  }
}
