import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { ServerCertificate } from "./make-certificate.ts";
import { sortConnection } from "./sort-connection.ts";
import { startListener, type Listener } from "./start-listener.ts";

// Generous, because a client such as a pool may connect long before its first request.
const FIRST_BYTES_PATIENCE_MS = 60_000;

/** What handles the connections of a port, with or without TLS around them. */
export interface MuxTakers {
  amqp(socket: Socket): void;
  http(socket: Socket): void;
}

export interface MuxOptions {
  /** Called at the first TLS connection. */
  readonly certificate: () => ServerCertificate;
  /** `tls`: the port accepts only TLS. @default "any" */
  readonly accepts?: "any" | "tls";
  /** Maximum silence before the first bytes, and during the TLS handshake, in milliseconds. */
  readonly patienceMs?: number;
}

/** Serves AMQP and HTTP on one port, each plain or over TLS. */
export async function startPortMux(
  host: string,
  port: number,
  takers: MuxTakers,
  options: MuxOptions,
): Promise<Listener> {
  const patienceMs = options.patienceMs ?? FIRST_BYTES_PATIENCE_MS;
  const plain = { amqp: takers.amqp, http: takers.http };
  const tls = tlsUnwrapper(options.certificate, patienceMs, (socket) => {
    sortConnection(socket, plain, patienceMs);
  });
  const outer = options.accepts === "tls" ? { tls } : { ...plain, tls };
  const server = createServer({ noDelay: true }, (socket) => {
    sortConnection(socket, outer, patienceMs);
  });
  return await startListener(server, host, port);
}

/** Creates the TLS server when the first connection needs it. Most emulators never see one. */
function tlsUnwrapper(
  certificate: () => ServerCertificate,
  patienceMs: number,
  onSecure: (socket: Socket) => void,
): (socket: Socket) => void {
  let server: ReturnType<typeof createTlsServer> | undefined;
  return (socket) => {
    if (server === undefined) {
      const { key, cert } = certificate();
      server = createTlsServer({ key, cert, handshakeTimeout: patienceMs }, onSecure);
      server.on("tlsClientError", (_error, failed) => {
        failed.destroy();
      });
    }
    server.emit("connection", socket);
  };
}
