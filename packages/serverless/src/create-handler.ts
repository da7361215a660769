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

/**
 * Options of a function's handler: those of a consumer without `prefetch` (`concurrency`, `retry`,
 * `handlerTimeout`, …), `deadlineMargin`, and a worker's client options: `clock`, `listener`, `logger`,
 * `middleware`.
 */
export type HandlerOptions = EventEngineOptions;

/**
 * Makes the function that a platform (Lambda, Azure Functions, Cloud Run) calls with its events.
 *
 * The handler is the same as in a worker: returning acks, throwing retries, and `RetryError` and
 * `DeadLetterError` mean the same. The source tells the platform the outcome; its page and the event `notice`
 * say what the platform cannot do. The platform's time limit is kept: shortly before it (`deadlineMargin`) no
 * handler starts any more and signals abort. Unfinished messages are reported as such and come again.
 *
 * @example
 * export const handler = createHandler(orders, sqsEvents(), async (message, { signal }) => {
 *   await charge(message.body, { signal });
 * });
 *
 * @param definition of the queue or subscription that the events come from
 * @param source `sqsEvents()`, `functionsEvents()`, `pushRequests(…)`, `nodePushRequests(…)`,
 * `pubsubEvents(…)`, or one of your own
 * @returns a function with the source's arguments and answer. It rejects where the platform expects an
 * exception, and with INVALID_ARGUMENT for an event of another kind
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createHandler<D extends Source, Args extends readonly unknown[], Reply>(
  definition: D,
  source: EventSource<Args, Reply>,
  handler: Handler<BodyOf<D>>,
  options: HandlerOptions = {},
): (...args: Args) => Promise<Reply> {
  return answering(checked(source), createEventEngine<BodyOf<D>>(definition, { handler }, options));
}

/** Most messages that a batch handler gets at once, as in `runBatch`. */
const DEFAULT_BATCH_SIZE = 10;

/**
 * Makes a function like {@link createHandler}. Its handler takes up to `size` messages of an event at once.
 *
 * @example
 * export const handler = createBatchHandler(orders, sqsEvents(), async (messages) =>
 *   Promise.allSettled(messages.map(async (message) => await save(message.body))),
 * );
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createBatchHandler<D extends Source, Args extends readonly unknown[], Reply>(
  definition: D,
  source: EventSource<Args, Reply>,
  batchHandler: BatchHandler<BodyOf<D>>,
  options: HandlerOptions & {
    /**
     * Most messages per call of the handler, a whole number from 1. A call gets fewer if the event holds
     * fewer, and never two of one ordering key. @default 10
     */
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
