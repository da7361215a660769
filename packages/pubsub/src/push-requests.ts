import type { EventSource } from "@anyqueue/core";
import type { EventBatch, Outcome } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { readFetchBody } from "./push-body.ts";
import { PushDesk } from "./push-desk.ts";
import { PushGuard } from "./push-guard.ts";
import type { PushOptions } from "./push-options.ts";
import { answerTo, answerToError, type PushAnswer } from "./push-status.ts";
import { decodePush } from "./push-wire.ts";
import { invalid } from "./refusal.ts";

type FetchSource = EventSource<[request: Request], Response, PubsubHandle>;

/**
 * Receives the requests of a Pub/Sub push subscription, wrapped or unwrapped, for `createHandler`. The
 * handler takes a `Request` and returns a `Response`, for servers that use those of `fetch` (Hono, Next.js,
 * Deno); for `node:http` and Express see `nodePushRequests`. The caller is checked first.
 *
 * @example
 * export const POST = createHandler(
 *   orders,
 *   pushRequests({ audience: "https://example.com/orders", serviceAccount: "push@my-project.iam.gserviceaccount.com" }),
 *   onOrder,
 * );
 *
 * @throws INVALID_ARGUMENT with every problem of the options, and without `audience` or `trustPlatform: true`
 */
export function pushRequests(options: PushOptions): FetchSource {
  const guard = new PushGuard("pushRequests", options);
  const desk = new PushDesk(guard.settings);
  return Object.freeze({
    receive: async (request: Request) => {
      if (!isFetchRequest(request))
        throw invalid(WRONG_CALL, "For node:http and Express, use nodePushRequests().");
      const { clock, maxBodyBytes } = guard.settings;
      const arrivedAtMs = clock.now();
      const headers = Object.fromEntries(request.headers);
      await guard.check(request.method, headers);
      return await desk.receive(
        async (inTime) =>
          decodePush(headers, await readFetchBody(request, maxBodyBytes, inTime), desk.counts),
        arrivedAtMs,
      );
    },
    reply: (outcomes: readonly Outcome[], batch: EventBatch<PubsubHandle>) =>
      responseOf(answerTo(desk.leave(batch, outcomes))),
    refuse: (error: unknown, batch: EventBatch<PubsubHandle> | undefined, request: Request) => {
      // A caller that has no Request does not send the Response either.
      if (!isFetchRequest(request)) throw error;
      if (batch !== undefined) desk.leave(batch);
      return responseOf(answerToError(error));
    },
  });
}

const WRONG_CALL = "pushRequests(): the handler was not called with a Request";

function isFetchRequest(request: Request | undefined): boolean {
  return typeof request?.headers?.get === "function";
}

function responseOf({ status, text }: PushAnswer): Response {
  return text === "" ? new Response(null, { status }) : new Response(text, { status });
}
