import { QueueError } from "../errors/queue-error.ts";
import type { Handler, HandlerContext, Message } from "../queue-consumer.ts";
import type { Middleware, OutgoingDraft } from "./middleware.ts";

/** Wraps `last` in the `send` hooks; returns `last` itself if no middleware has one. */
export function composeSend(
  list: readonly Middleware[],
  last: (draft: OutgoingDraft) => Promise<unknown>,
): (draft: OutgoingDraft) => Promise<unknown> {
  return list.reduceRight((next, middleware) => {
    if (middleware.send === undefined) return next;
    return async (draft: OutgoingDraft) => {
      const once = onlyOnce(middleware.name);
      return await middleware.send?.(draft, async (changed) => {
        once();
        return await next(changed);
      });
    };
  }, last);
}

/** Wraps a handler of `target` in the `handle` hooks. The result rejects with what the handler throws. */
export function composeHandle(
  list: readonly Middleware[],
  handler: Handler<unknown>,
  target: string,
): (message: Message<unknown>, context: HandlerContext) => Promise<unknown> {
  const last = async (message: Message<unknown>, context: HandlerContext): Promise<unknown> =>
    await handler(message, context);
  return list.reduceRight((next, middleware) => {
    if (middleware.handle === undefined) return next;
    return async (message: Message<unknown>, context: HandlerContext) => {
      const once = onlyOnce(middleware.name);
      let isRunning = false;
      let running: Promise<unknown> | undefined;
      const run = async (): Promise<unknown> => {
        once();
        isRunning = true;
        try {
          return await next(message, context);
        } finally {
          isRunning = false;
        }
      };
      const first = (): Promise<unknown> => {
        const begun = run();
        running ??= begun;
        return begun;
      };
      const result = await middleware.handle?.(message, context, first, target);
      // If a middleware forgot to await next(), the message would be acked while its handler still runs.
      if (isRunning) await running;
      return result;
    };
  }, last);
}

/** A second `next()` would send or handle the message twice. */
function onlyOnce(name: string): () => void {
  let isCalled = false;
  return () => {
    if (isCalled) {
      throw new QueueError("INVALID_ARGUMENT", {
        what: `the middleware ${JSON.stringify(name)} called next() twice`,
        remedy: "Call next() once, or throw to retry the message.",
      });
    }
    isCalled = true;
  };
}
