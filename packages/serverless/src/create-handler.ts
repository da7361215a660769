import {
  createEventEngine,
  QueueError,
  type BatchHandler,
  type BodyOf,
  type EventBatch,
  type EventEngine,
  type EventEngineOptions,
  type EventResult,
  type EventSource,
  type Handler,
  type Source,
} from "@anyqueue/core";

/** Options of a function's handler: those of a consumer (but `prefetch`), and clock, listener, logger and middleware. */
export type HandlerOptions = EventEngineOptions;

/**
 * Makes the function that a platform calls with its events.
 *
 * The handler is the same as a worker's: return = ack, throw = retry, `RetryError`, `DeadLetterError`. How the platform
 * is told, and what it cannot do, is the source's part. The time that the platform gives is kept: shortly before its
 * end nothing starts any more, signals abort, and what is unfinished is reported so.
 *
 * @example
 * export const handler = createHandler(orders, sqsEvents(), async (message, { signal }) => {
 *   await charge(message.body, { signal });
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options, when it is made; an event of another kind rejects with it
 */
export function createHandler<D extends Source, Args extends readonly unknown[], Reply>(
  definition: D,
  source: EventSource<Args, Reply>,
  handler: Handler<BodyOf<D>>,
  options: HandlerOptions = {},
): (...args: Args) => Promise<Reply> {
  return answering(checked(source), createEventEngine<BodyOf<D>>(definition, { handler }, options));
}

/** Messages that a batch handler gets at once, as `runBatch` has it. */
const DEFAULT_BATCH_SIZE = 10;

/**
 * As {@link createHandler}, for a handler of up to `size` messages at once; never of two events together.
 *
 * @example
 * export const handler = createBatchHandler(orders, sqsEvents(), async (messages) =>
 *   Promise.allSettled(messages.map(async (message) => await save(message.body))),
 * );
 *
 * @throws INVALID_ARGUMENT as `createHandler`
 */
export function createBatchHandler<D extends Source, Args extends readonly unknown[], Reply>(
  definition: D,
  source: EventSource<Args, Reply>,
  batchHandler: BatchHandler<BodyOf<D>>,
  options: HandlerOptions & {
    /** Messages of one call of the handler, 1 or more; fewer where the event or the ordering keys say so. @default 10 */
    readonly size?: number | undefined;
  } = {},
): (...args: Args) => Promise<Reply> {
  const { size = DEFAULT_BATCH_SIZE, ...rest } = options;
  return answering(checked(source), createEventEngine<BodyOf<D>>(definition, { batchHandler, size }, rest));
}

function answering<Args extends readonly unknown[], Reply>(
  source: EventSource<Args, Reply>,
  engine: EventEngine,
): (...args: Args) => Promise<Reply> {
  return async (...args) => {
    let batch: EventBatch | undefined;
    let result: EventResult;
    try {
      batch = await source.receive(...args);
      result = await engine.process(batch);
    } catch (error) {
      if (source.refuse === undefined) throw error;
      engine.refused(error);
      return await source.refuse(error, batch, ...args);
    }
    try {
      return await source.reply(result.outcomes, batch, ...args);
    } catch (error) {
      result.replyFailed();
      throw error;
    }
  };
}

function checked<Args extends readonly unknown[], Reply>(
  source: EventSource<Args, Reply>,
): EventSource<Args, Reply> {
  const given: { readonly receive?: unknown; readonly reply?: unknown } | null | undefined = source;
  if (typeof given?.receive === "function" && typeof given.reply === "function") return source;
  throw new QueueError("INVALID_ARGUMENT", {
    what: "the second argument is not an event source",
    remedy: "Give it what sqsEvents() or another source returns, not the source's function itself.",
  });
}
