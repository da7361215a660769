import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Makes a server reachable at this machine's IPv6 address, `[::1]`. @param to its `host:port`, with or
 * without scheme
 */
export async function startRelay(to: string): Promise<Relay> {
  const { hostname, port } = new URL(to.includes("://") ? to : `tcp://${to}`);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const upstream = connect(Number(port), hostname);
    sockets.add(socket).add(upstream);
    socket.pipe(upstream).pipe(socket);
    socket.on("error", () => {}).on("close", () => upstream.destroy());
    upstream.on("error", () => {}).on("close", () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(0, "::1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
