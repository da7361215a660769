import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { WebSocketStream } from "./web-socket-stream.ts";

/** https://datatracker.ietf.org/doc/html/rfc6455#section-1.3 (2026-11-29) */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface WebSocketService {
  /** Subprotocols that a client may name. */
  readonly protocols: readonly string[];
  readonly onStream: (stream: WebSocketStream) => void;
}

/** Returns true if the connection's first bytes request that path. The bytes stay unread. */
export function asksForPath(socket: Socket, path: string): boolean {
  const seen: unknown = socket.read();
  if (!Buffer.isBuffer(seen)) return false;
  socket.unshift(seen);
  const start = `GET ${path}`;
  const line = seen.toString("latin1", 0, start.length + 1);
  return line === `${start} ` || line === `${start}?`;
}

/**
 * Turns connections that request a WebSocket into streams. It uses a separate HTTP server, because a server
 * that listens for upgrades also claims every other upgrade, such as the one to HTTP/2 that some clients
 * offer.
 */
export function createWebSocketTaker(service: WebSocketService): (socket: Socket) => void {
  const server = createServer((_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  server.on("upgrade", (request, socket, head: Buffer) => {
    // The server no longer listens for errors on this socket, and a refused client may already be gone.
    socket.on("error", () => undefined);
    const refusal = refusalOf(request, service);
    if (refusal !== undefined || !(socket instanceof Socket)) {
      socket.end(
        `HTTP/1.1 ${refusal ?? "500 Internal Server Error"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      return;
    }
    socket.write(acceptance(request, service));
    service.onStream(new WebSocketStream(socket, head));
  });
  return (socket) => void server.emit("connection", socket);
}

function refusalOf({ headers }: IncomingMessage, service: WebSocketService): string | undefined {
  if (headers["sec-websocket-version"] !== "13" || headers["sec-websocket-key"] === undefined) {
    return "400 Bad Request";
  }
  return protocolOf(headers, service) === undefined ? "400 Bad Request" : undefined;
}

function protocolOf(
  headers: IncomingMessage["headers"],
  { protocols }: WebSocketService,
): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return protocols.find((name) => offered.includes(name));
}

function acceptance({ headers }: IncomingMessage, service: WebSocketService): string {
  const key = headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocolOf(headers, service) ?? ""}`,
    "\r\n",
  ].join("\r\n");
}
