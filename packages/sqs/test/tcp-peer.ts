import type { Server as HttpsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { SqsHttpHandler, type ExchangeOptions, type HttpRequest } from "../src/sqs-http-handler.ts";
import { anyPost } from "./any-post.ts";

export const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/** The connections and requests of a server, in order of arrival. Tests may answer by hand. */
export interface Peer {
  readonly sockets: Socket[];
  readonly requests: { readonly socket: Socket; readonly text: string }[];
  readonly handler: SqsHttpHandler;
  send(options?: Partial<ExchangeOptions>, request?: Partial<HttpRequest>): Promise<string>;
}

export async function peer(answer: string | undefined, maxSockets = 4): Promise<Peer> {
  const sockets: Socket[] = [];
  const requests: { socket: Socket; text: string }[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      requests.push({ socket, text: bytes.toString() });
      if (answer !== undefined) socket.write(answer);
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { sockets, requests, ...(await connected(server, "http:", maxSockets)) };
}

/** Makes the server listen, and returns a handler for it. */
export async function connected(
  server: Server | HttpsServer,
  protocol: string,
  maxSockets: number,
): Promise<Pick<Peer, "handler" | "send">> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const optionsOf = (): ExchangeOptions => ({ timeoutMs: 5_000 });
  const handler = new SqsHttpHandler({ connectTimeoutMs: 5_000, maxSockets, optionsOf });
  onTestFinished(() => handler.destroy());
  const common = anyPost(port, protocol);
  return {
    handler,
    async send(options, request) {
      const { response } = await handler.exchange(
        { ...common, ...request },
        { timeoutMs: 5_000, ...options },
      );
      return response.body.toString();
    },
  };
}
