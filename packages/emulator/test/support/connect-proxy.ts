import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy as companies use: it opens tunnels (`CONNECT host:port`) and remembers their destinations. */
export interface ConnectProxy {
  readonly url: string;
  /** `host:port` of each tunnel requested. */
  readonly asked: string[];
  close(): Promise<void>;
}

/**
 * @param to destination of all tunnels, whatever was requested, so that names that nobody can resolve have a
 * server too
 */
export async function startConnectProxy(to?: {
  readonly host: string;
  readonly port: number;
}): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  // Only tunnels: plain-text requests addressed to another server are not forwarded.
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", ({ url = "" }, socket: Socket, head: Buffer) => {
    asked.push(url);
    const { hostname, port } = new URL(`tunnel://${url}`);
    const host = hostname.replace(/^\[|\]$/g, "");
    const upstream = connect(to ?? { host, port: Number(port) }, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
