import { RunContext } from "../consumer/run-context.ts";
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
  const last = async (message: Message<unknown>, context: HandlerContext): Promise<unknown> => {
    const gone = RunContext.goneBy(context);
    if (gone !== undefined) throw gone;
    return await handler(message, context);
  };
  return list.reduceRight((next, middleware) => {
    if (middleware.handle === undefined) return next;
    return async (message: Message<unknown>, context: HandlerContext) => {
      const run = async (): Promise<unknown> => await next(message, context);
      return await around(
        middleware.name,
        run,
        (once) => middleware.handle?.(message, context, once, target),
        (cause) => RunContext.stop(context, leftEarly(middleware.name, target, cause)),
      );
    };
  }, last);
}

/**
 * Calls a hook with a `next` that runs once. A hook that forgets to await it ends with it: otherwise a message
 * would be acked while its handler still runs, or although it has failed. With `stop`, one that throws before
 * `next` has ended does so, too: the retry would run beside what it left (docs/decisions/0067).
 */
async function around<Args extends readonly unknown[]>(
  name: string,
  run: (...args: Args) => Promise<unknown>,
  hook: (next: (...args: Args) => Promise<unknown>) => Promise<unknown> | undefined,
  stop?: (cause: unknown) => void,
): Promise<unknown> {
  const unheard: Unheard = new Set();
  let running: Promise<unknown> | undefined;
  let isRunning = false;
  let hasThrown = false;
  const runOnce = async (args: Args): Promise<unknown> => {
    if (hasThrown) throw misused(name, "after it threw");
    if (running !== undefined) throw misused(name, "twice");
    isRunning = true;
    running = run(...args);
    try {
      return await running;
    } finally {
      isRunning = false;
    }
  };
  let result: unknown;
  try {
    result = await hook((...args) => heard(runOnce(args), unheard));
  } catch (error) {
    hasThrown = true;
    if (isRunning && stop !== undefined) {
      stop(error);
      await Promise.allSettled([running]);
    }
    throw error;
  }
  if (isRunning) await running;
  if (unheard.size > 0) await Promise.all(unheard);
  return result;
}

/** It would send or handle the message twice, or beside its retry. */
function misused(name: string, when: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", {
    what: `the middleware ${JSON.stringify(name)} called next() ${when}`,
    remedy: "Call next() once, or throw to retry the message.",
  });
}

function leftEarly(name: string, target: string, cause: unknown): QueueError {
  return new QueueError("TIMEOUT", {
    what: `the middleware ${JSON.stringify(name)} threw while the handler was running`,
    remedy: "Stop; the message is retried when the handler has ended.",
    target,
    cause,
  });
}
