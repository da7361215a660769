import type { IncomingMessage, ServerResponse } from "node:http";
import type { EventSource } from "@anyqueue/core";
import type { EventBatch, Outcome } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { readNodeBody, type NodePushRequest } from "./push-body.ts";
import { PushDesk } from "./push-desk.ts";
import { PushGuard } from "./push-guard.ts";
import type { PushOptions } from "./push-options.ts";
import type { PushHeaders } from "./push-shapes.ts";
import { answerTo, answerToError, type PushAnswer } from "./push-status.ts";
import { decodePush } from "./push-wire.ts";
import { invalid } from "./refusal.ts";

type NodeSource = EventSource<[request: NodePushRequest, response: ServerResponse], void, PubsubHandle>;

/**
 * Receives the requests of a Pub/Sub push subscription like `pushRequests`, but for servers of `node:http`
 * and what is built on them: Express, and `http()` of the functions framework. A body parser may have read
 * the body already.
 *
 * @example
 * createServer(createHandler(orders, nodePushRequests({ trustPlatform: true }), onOrder)).listen(8080);
 *
 * @throws INVALID_ARGUMENT with every problem of the options, and without `audience` or `trustPlatform: true`
 */
export function nodePushRequests(options: PushOptions): NodeSource {
  const guard = new PushGuard("nodePushRequests", options);
  const desk = new PushDesk(guard.settings);
  return Object.freeze({
    receive: async (request: NodePushRequest, response: ServerResponse) => {
      if (!isNodeCall(request, response))
        throw invalid(WRONG_CALL, "For a Request of fetch, use pushRequests().");
      const { clock, maxBodyBytes } = guard.settings;
      const arrivedAtMs = clock.now();
      const headers = headersOf(request);
      await guard.check(request.method, headers);
      return await desk.receive(
        async (inTime) => decodePush(headers, await readNodeBody(request, maxBodyBytes, inTime), desk.counts),
        arrivedAtMs,
      );
    },
    reply: (
      outcomes: readonly Outcome[],
      batch: EventBatch<PubsubHandle>,
      request: NodePushRequest,
      response: ServerResponse,
    ) => {
      respond(request, response, answerTo(desk.leave(batch, outcomes)));
    },
    refuse: (
      error: unknown,
      batch: EventBatch<PubsubHandle> | undefined,
      request: NodePushRequest,
      response: ServerResponse,
    ) => {
      // There is nothing to write an answer to.
      if (!isNodeCall(request, response)) throw error;
      if (batch !== undefined) desk.leave(batch);
      respond(request, response, answerToError(error));
    },
  });
}

const WRONG_CALL = "nodePushRequests(): the handler was not called with request and response of node:http";

function isNodeCall(request: NodePushRequest | undefined, response: ServerResponse | undefined): boolean {
  return typeof request?.on === "function" && typeof response?.writeHead === "function";
}

function headersOf({ headers }: IncomingMessage): PushHeaders {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      // HTTP/2 puts its request line among the headers.
      value === undefined || name.startsWith(":")
        ? []
        : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}

/** A client that has disconnected gets no answer; its message comes again. */
function respond(request: IncomingMessage, response: ServerResponse, { status, text }: PushAnswer): void {
  if (response.headersSent || response.destroyed) return;
  // The unread rest of a refused request would block the next request on its connection.
  const isUnread = !request.complete;
  response.writeHead(status, {
    ...(text !== "" && {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
    }),
    ...(isUnread && request.httpVersionMajor < 2 && { connection: "close" }),
  });
  response.end(text);
  if (isUnread) request.resume();
}
