import { QueueError } from "../errors/queue-error.ts";
import type { Handler, HandlerContext, Message } from "../queue-consumer.ts";
import { heard, type Unheard } from "./heard.ts";
import type { Middleware, OutgoingDraft } from "./middleware.ts";

/** Wraps `last` in the `send` hooks; returns `last` itself if no middleware has one. */
export function composeSend(
  list: readonly Middleware[],
  last: (draft: OutgoingDraft) => Promise<unknown>,
): (draft: OutgoingDraft) => Promise<unknown> {
  return list.reduceRight((next, middleware) => {
    if (middleware.send === undefined) return next;
    return async (draft: OutgoingDraft) =>
      await around(middleware.name, next, (once) => middleware.send?.(draft, once));
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
      const run = async (): Promise<unknown> => await next(message, context);
      return await around(middleware.name, run, (once) =>
        middleware.handle?.(message, context, once, target),
      );
    };
  }, last);
}

/**
 * Calls a hook with a `next` that runs once. A hook that forgets to await it ends with it: otherwise a message
 * would be acked while its handler still runs, or although it has failed.
 */
async function around<Args extends readonly unknown[]>(
  name: string,
  run: (...args: Args) => Promise<unknown>,
  hook: (next: (...args: Args) => Promise<unknown>) => Promise<unknown> | undefined,
): Promise<unknown> {
  const unheard: Unheard = new Set();
  let running: Promise<unknown> | undefined;
  let isRunning = false;
  const runOnce = async (args: Args): Promise<unknown> => {
    if (running !== undefined) throw calledTwice(name);
    isRunning = true;
    running = run(...args);
    try {
      return await running;
    } finally {
      isRunning = false;
    }
  };
  const result = await hook((...args) => heard(runOnce(args), unheard));
  if (isRunning) await running;
  if (unheard.size > 0) await Promise.all(unheard);
  return result;
}

/** A second `next()` would send or handle the message twice. */
function calledTwice(name: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", {
    what: `the middleware ${JSON.stringify(name)} called next() twice`,
    remedy: "Call next() once, or throw to retry the message.",
  });
}
