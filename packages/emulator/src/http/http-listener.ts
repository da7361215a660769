import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { resetConnection } from "../net/reset-connection.ts";
import { startListener, type Listener } from "../net/start-listener.ts";
import type { HttpAnswer, HttpExchange, HttpHandler } from "./http-exchange.ts";

// Fits a 1 MiB message whose every character is escaped, which makes it six times as long.
const MAX_BODY_BYTES = 16 * 1024 * 1024;

// Longer than any client keeps an idle connection, so no request arrives on a connection that is closing.
const KEEP_ALIVE_MS = 120_000;

export async function startHttpListener(host: string, port: number, handler: HttpHandler): Promise<Listener> {
  return await startListener(createHttpServer(handler), host, port);
}

/** Creates a server without a port of its own, for connections that another server hands over. */
export function createHttpServer(handler: HttpHandler): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true });
  server.on("request", (request, response) => {
    void serve(request, response, handler);
  });
  return server;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handler: HttpHandler,
): Promise<void> {
  try {
    const body = await readBody(request);
    if (body === undefined) {
      respond(response, { status: 413, headers: { connection: "close" }, body: "" });
      return;
    }
    await handler(makeExchange(request, response, body));
  } catch (error) {
    // Either a bug of the emulator, or the connection broke while its request was being read.
    if (response.headersSent || response.destroyed) response.destroy();
    else respond(response, { status: 500, headers: { "content-type": "text/plain" }, body: describe(error) });
  }
}

function makeExchange(request: IncomingMessage, response: ServerResponse, body: string): HttpExchange {
  const disconnect = new AbortController();
  const hangUp = (): void => {
    if (!response.writableEnded) disconnect.abort();
  };
  // The client's end of stream arrives some turns of the event loop before the close event. A poll must not
  // be given a message in between.
  request.socket.once("end", hangUp);
  response.once("close", () => {
    request.socket.off("end", hangUp);
    hangUp();
  });
  return {
    method: request.method ?? "GET",
    target: parseTarget(request.url ?? "/"),
    headers: request.headers,
    body,
    isFromLoopback: isLoopback(request.socket.remoteAddress ?? ""),
    isSecure: "encrypted" in request.socket,
    disconnected: disconnect.signal,
    answer: (answer) => {
      respond(response, answer);
    },
    trickle: (answer, bytesPerPart, pause) => trickle(response, answer, bytesPerPart, pause),
    reset: () => {
      resetConnection(request.socket);
    },
  };
}

/** Returns undefined when the body is longer than any request of these protocols can be. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function respond(response: ServerResponse, answer: HttpAnswer): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function trickle(
  response: ServerResponse,
  answer: HttpAnswer,
  bytesPerPart: number,
  pause: () => Promise<void>,
): Promise<void> {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, "content-length": bytes.length });
  for (let offset = 0; offset < bytes.length; offset += bytesPerPart) {
    await pause();
    if (response.destroyed) return;
    response.write(bytes.subarray(offset, offset + bytesPerPart));
  }
  response.end();
}

/** Joins path and base by hand, because `URL` would read a path that begins with `//` as a host. */
function parseTarget(target: string): URL {
  const base = "http://localhost";
  const url = target.startsWith("/") ? base + target : target;
  return URL.canParse(url, base) ? new URL(url, base) : new URL(base);
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return plain === "::1" || plain.startsWith("127.");
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
