import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { defineQueue, type Handler, type QueueEvents } from "@anyqueue/core";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { onTestFinished } from "vitest";
import { nodePushRequests, pushRequests, type PushOptions } from "../../src/push.ts";

export interface Order {
  readonly orderId: string;
}

export const orders = defineQueue<Order>("orders", { retry: { attempts: 3 } });

export type PushFunction = (request: Request) => Promise<Response>;

export const TRUSTED: PushOptions = { trustPlatform: true };

/** Both event sources for requests, as functions of the same shape. */
export const FORMS: readonly (readonly [name: string, make: MakeFunction])[] = [
  [
    "fetch",
    (handler, options = TRUSTED, more = {}) => createHandler(orders, pushRequests(options), handler, more),
  ],
  ["node:http", nodeFunction],
];

type MakeFunction = (handler: Handler<Order>, options?: PushOptions, more?: HandlerOptions) => PushFunction;

/** Starts a new server for each request. */
function nodeFunction(handler: Handler<Order>, options = TRUSTED, more: HandlerOptions = {}): PushFunction {
  const serve = createHandler(orders, nodePushRequests(options), handler, more);
  return async (request) => await fetch(new Request(await listen(serve), request));
}

/** Serves on loopback until the test ends; resolves with its URL. */
export async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void handler(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

/** Collects one kind of event. */
export function collecting<Name extends keyof QueueEvents>(
  name: Name,
): { readonly seen: QueueEvents[Name][]; readonly listener: HandlerOptions["listener"] } {
  const seen: QueueEvents[Name][] = [];
  return { seen, listener: { [name]: (event: QueueEvents[Name]) => seen.push(event) } };
}
