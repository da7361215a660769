import type { Server, Socket } from "node:net";
import { EmulatorError } from "../emulator-error.ts";

/** A listening server. */
export interface Listener {
  readonly port: number;
  /** Cuts off all connections, and resolves when they are closed. */
  close(): Promise<void>;
}

/** Makes a server of any protocol listen; `port` 0 picks a free one. */
export async function startListener(server: Server, host: string, port: number): Promise<Listener> {
  const sockets = trackSockets(server);
  await listen(server, host, port);
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new EmulatorError("NO_ADDRESS", "The server has no port.");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** @throws CANNOT_LISTEN, with what to choose instead */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new EmulatorError(
          "CANNOT_LISTEN",
          `Cannot listen on ${host}:${port}: ${error.message}. ${remedyOf(error)}`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

/** Suggests another address if this one is not the machine's, otherwise another port. */
function remedyOf(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  return code === "ENOTFOUND" || code === "EADDRNOTAVAIL"
    ? "Choose an address of this machine, such as 127.0.0.1."
    : "Choose another port, or 0 for a free one.";
}
