// The program in which a function's file runs if it does not listen by itself: it serves the export on PORT.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { endWithParent } from "../end-with-parent.ts";
import { loadFunction } from "../load-function.ts";

type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;
type FetchHandler = (request: Request) => Response | Promise<Response>;

const DEFAULT_EXPORTS = ["handler", "default", "POST"];
const RETURNED_RESPONSE =
  "The handler returned a Response, but was called with request and response of node:http: export it as POST, or as { fetch: handler }.";

endWithParent();
await main(process.argv[2] ?? "", process.argv[3]);

async function main(path: string, exportName: string | undefined): Promise<void> {
  const exports = await loadFunction(path);
  const known = Object.keys(exports);
  const name = exportName ?? DEFAULT_EXPORTS.find((each) => exports[each] !== undefined) ?? "";
  const handler = exports[name];
  // Frameworks that route by the name of the export, such as Next.js, call it with a Request.
  const serve = asNodeHandler(name === "POST" ? { fetch: handler } : handler);
  if (serve !== undefined)
    createServer((request, response) => void answer(serve, request, response)).listen(port(), "127.0.0.1");
  else if (exportName !== undefined) process.send?.({ kind: "no-export", known });
  // Otherwise the file listens by itself; if it does not, the host finds nobody on PORT.
}

function port(): number {
  return Number(process.env["PORT"]);
}

function asNodeHandler(handler: unknown): NodeHandler | undefined {
  if (typeof handler === "function") return handler as NodeHandler;
  const fetchHandler: unknown =
    typeof handler === "object" && handler !== null ? Reflect.get(handler, "fetch") : undefined;
  if (typeof fetchHandler !== "function") return undefined;
  const bound = fetchHandler.bind(handler) as FetchHandler;
  return async (request, response) => await serveFetch(bound, request, response);
}

/** A handler that throws gets status 500, as is usual for servers. */
async function answer(serve: NodeHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const returned = await serve(request, response);
    if (returned instanceof Response) throw new Error(RETURNED_RESPONSE);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

async function serveFetch(
  handler: FetchHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    for (const each of [value ?? []].flat()) headers.append(name, each);
  const method = request.method ?? "GET";
  const answered = await handler(
    new Request(new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`), {
      method,
      headers,
      ...(method !== "GET" && method !== "HEAD" && { body: Buffer.concat(chunks) }),
    }),
  );
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}
