import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";

/** A connection of this process to itself. */
export interface Wire {
  /** Resolves when a byte came back: what other sockets of this machine were given before has come, too. */
  roundTrip(): Promise<void>;
  close(): void;
}

export async function openWire(): Promise<Wire> {
  const server = createServer((socket) => socket.setNoDelay().pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").setNoDelay();
  await once(socket, "connect");
  return {
    async roundTrip() {
      await new Promise<void>((resolve) => {
        socket.once("data", () => resolve());
        socket.write("x");
      });
    },
    close() {
      socket.destroy();
      server.close();
    },
  };
}
