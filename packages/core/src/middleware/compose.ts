import { QueueError } from "../errors/queue-error.ts";
import { unheard } from "../errors/unheard.ts";
import type { Handler, HandlerContext, Message } from "../queue-consumer.ts";
import type { Middleware, OutgoingDraft } from "./middleware.ts";

/** Wraps `last` in the `send` hooks; returns `last` itself if no middleware has one. */
export function composeSend(
  list: readonly Middleware[],
  last: (draft: OutgoingDraft) => Promise<unknown>,
): (draft: OutgoingDraft) => Promise<unknown> {
  return list.reduceRight((next, middleware) => {
    if (middleware.send === undefined) return next;
    return async (draft: OutgoingDraft) =>
      await around(middleware.name, next, (once) =>
        // If a hook forgot to await next(), its rejection must not end the process: the send rejects too.
        middleware.send?.(draft, (changed) => unheard(once(changed))),
      );
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

/** Calls a hook with a `next` that runs once. */
async function around<Args extends readonly unknown[]>(
  name: string,
  run: (...args: Args) => Promise<unknown>,
  hook: (next: (...args: Args) => Promise<unknown>) => Promise<unknown> | undefined,
): Promise<unknown> {
  const once = onlyOnce(name);
  let isRunning = false;
  let running: Promise<unknown> | undefined;
  const runOnce = async (...args: Args): Promise<unknown> => {
    once();
    isRunning = true;
    try {
      return await run(...args);
    } finally {
      isRunning = false;
    }
  };
  const result = await hook((...args) => {
    const begun = runOnce(...args);
    running ??= begun;
    return begun;
  });
  // If a hook forgot to await next(), a message would be acked while its handler still runs.
  if (isRunning) await running;
  return result;
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
