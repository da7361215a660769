import type { QueueError } from "./errors/queue-error.ts";
import type { QueuePolicy } from "./message/define-options.ts";
import type { Duration } from "./time/duration.ts";

/**
 * Receives log lines; `console` and most loggers have this shape. `fields` holds data for machines (ids,
 * numbers, errors), `text` is one sentence for people. The engine logs neither bodies nor secrets.
 */
export interface Logger {
  /** The engine calls it when a consumer starts, pauses, drains or closes, and when a feature is emulated. */
  info(fields: object, text: string): void;
  /** The engine calls it for a retry, a failed handler, a lost lease, a dead letter or a notice. */
  warn(fields: object, text: string): void;
  /** For the application, as `context.log.error`. The engine never calls it. */
  error(fields: object, text: string): void;
}

/** Why a message is in the dead letters, and where it came from. A member is absent if it is not known. */
export interface DeadLetterDetails {
  /**
   * `ATTEMPTS_SPENT`, `RETRY_POLICY` (the `retry.delay` function decided it), `INVALID_MESSAGE`, the text of
   * a {@link DeadLetterError}, or the reason that the service itself gives.
   */
  readonly reason?: string;
  /** Name and message of the error that caused it, at most 1,024 bytes of UTF-8. */
  readonly description?: string;
  /** The queue or subscription that the message comes from. */
  readonly source?: string;
  /** How many times a handler ran for the message. */
  readonly attempts?: number;
  /** When it was first sent. */
  readonly firstEnqueuedAt?: Date;
  /** When it was moved to the dead letters. */
  readonly deadLetteredAt?: Date;
}

/** One message, as a handler gets it. */
export interface Message<Body> {
  /**
   * The application's id if the message carries one, else the provider's. It stays the same across
   * redeliveries, retries and dead letters: use it as the key to handle a message only once.
   */
  readonly id: string;
  /** The decoded body as the schema returned it; a `Uint8Array` for messages read from dead letters. */
  readonly body: Body;
  /** The sender's attributes, without those that anyqueue adds (`aq-…`). */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * The provider's type of each attribute that another SDK sent as something other than a string. Its value
   * is in `attributes`, as text.
   */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** The content type that the sender wrote, such as `application/json`. */
  readonly contentType?: string;
  /** Messages with the same key are handled one at a time, in the order sent; absent without ordering. */
  readonly orderingKey?: string;
  /** The conversation that the message belongs to, as the sender wrote it. */
  readonly correlationId?: string;
  /** Where the sender expects an answer, as it wrote it. */
  readonly replyTo?: string;
  /** When the service accepted the message, by the service's clock. */
  readonly enqueuedAt?: Date;
  /** Only on messages read from dead letters: why they are there. */
  readonly deadLettered?: DeadLetterDetails;
  /** The provider's own id of the stored message. */
  readonly providerId: string;
  /**
   * The vendor SDK's own message, for what this interface leaves out. Its type is the SDK's; code that reads
   * it is not portable.
   */
  readonly native: unknown;
}

/**
 * What a handler gets beside the message. In a batch there is one for all messages; each member says how it
 * is combined.
 */
export interface HandlerContext {
  /**
   * Aborts when the work should stop; a handler that stops then throws, because returning acks. Its reason is
   * a `QueueError`: `LEASE_LOST`, `TIMEOUT` (`handlerTimeout`, or a middleware threw first) or `CANCELLED` (the
   * time of a `close` is over; of a pulled message: it begins). Pass it on to `fetch`. In a batch: when all stops.
   */
  readonly signal: AbortSignal;
  /** 1 on the first delivery, and always if the provider does not count. In a batch: the highest one. */
  readonly attempt: number;
  /**
   * True if a failure of this run sends the message to the dead letters. In a batch: true if that holds for
   * any of its messages.
   */
  readonly isLastAttempt: boolean;
  /**
   * The latest time at which this run is stopped: after `handlerTimeout` or an hour, or when a function's
   * time ends. In a batch: the earliest one.
   */
  readonly deadline?: Date;
  /** The client's `logger`; one that drops everything if none was given. */
  readonly log: Logger;
  /**
   * Makes the lease last at least `by` from now. Needed only before work that blocks the event loop, which
   * also blocks the automatic renewal. Never shortens a lease; limited by the provider's longest lease and by
   * the hour (or longer `handlerTimeout`) for which one delivery is held. In a batch: extends all of its
   * leases.
   * @throws LEASE_LOST, UNSUPPORTED if leases cannot be extended, INVALID_ARGUMENT unless `by` is more than
   * 0, and errors of the service
   */
  extend(by: Duration): Promise<void>;
}

/**
 * Handles one message. Returning (or resolving) acks it; the value is ignored. Throwing retries it by the
 * retry policy; a {@link RetryError} retries it after its own delay; a {@link DeadLetterError} moves it to
 * the dead letters at once. A handler may run more than once for a message: make it idempotent.
 */
export type Handler<Body> = (message: Message<Body>, context: HandlerContext) => unknown;

/**
 * Handles several messages at once. Returning nothing acks all of them; throwing fails all of them. To decide
 * for each, return one `PromiseSettledResult` per message, in their order: fulfilled acks the message,
 * rejected counts as a throw for it.
 *
 * @example
 * const saveAll: BatchHandler<Order> = async (messages) =>
 *   await Promise.allSettled(messages.map(async ({ body }) => await save(body)));
 */
export type BatchHandler<Body> = (
  messages: readonly Message<Body>[],
  context: HandlerContext,
) => Promise<void | readonly PromiseSettledResult<unknown>[]>;

/**
 * A message from `receive()` or the iterator, which the caller settles. Its lease is renewed until then, for
 * an hour at most. The first settlement wins; repeating it gives the same result. Disposing of the message
 * (`await using`) gives it back if it is not settled.
 */
export interface ReceivedMessage<Body> extends Message<Body>, HandlerContext, AsyncDisposable {
  /**
   * Removes the message, as done. Resolves when the provider has confirmed it.
   * @throws LEASE_LOST or CANCELLED by a `close` (it is delivered again), ALREADY_SETTLED after another
   * settlement, and errors of the service
   */
  ack(): Promise<void>;
  /**
   * Gives the message back, as if a handler had thrown. It is delivered again after `delay` (default: the
   * retry policy's), or goes to the dead letters if this was its last attempt.
   * @throws LEASE_LOST, CANCELLED, ALREADY_SETTLED after another settlement, INVALID_ARGUMENT if `delay` is
   * not a duration, and errors of the service
   */
  retry(delay?: Duration): Promise<void>;
  /**
   * Moves the message to the dead letters, with this reason.
   * @throws LEASE_LOST, CANCELLED, ALREADY_SETTLED after another settlement, UNSUPPORTED without dead letters
   * (it is delivered again), and errors of the service
   */
  deadLetter(reason: string): Promise<void>;
}

/** Options of one consumer. `retry`, `lease` and `deadLetter` given here override the definition's. */
export interface ConsumerOptions extends QueuePolicy {
  /**
   * How many handlers run at once in this consumer, a whole number from 1. In `runBatch`: how many batches.
   * More helps handlers that wait for something, at the cost of the resources that they use at once.
   * @default 10
   */
  readonly concurrency?: number | undefined;
  /**
   * Deliveries held ready beyond the running handlers, a whole number from 0. `"auto"` measures how long
   * handlers and requests take and holds up to 1,000. Other consumers cannot get what is held here: use 0 for
   * few, long jobs.
   * @default "auto"
   */
  readonly prefetch?: number | "auto" | undefined;
  /**
   * At most `count` handlers (a whole number from 1) of this consumer start in any span of `per` (more than
   * 0). Other processes are not counted. @default no limit
   */
  readonly rateLimit?: { readonly count: number; readonly per: Duration } | undefined;
  /**
   * Aborts the signal of a run (of a batch: from its call on) that takes longer, with the code `TIMEOUT`. The
   * run counts as failed, whatever the handler does afterwards. More than 0, up to the longest time that the
   * provider lets a delivery be held. More than an hour also raises the bound of one hour.
   * @default none; a hanging run is ended after an hour
   */
  readonly handlerTimeout?: Duration | undefined;
  /**
   * What happens to a message whose body cannot be decoded or does not fit the schema. `"retry"`: it counts
   * as a failed attempt; so it does with `"dead-letter"` if an asynchronous schema rejects instead of
   * answering. A function gets the bytes and the error (`INVALID_MESSAGE`): returning acks, throwing retries,
   * `DeadLetterError` dead-letters.
   * @default "dead-letter"
   */
  readonly onInvalid?:
    | "dead-letter"
    | "retry"
    | ((raw: Message<Uint8Array>, error: QueueError) => unknown)
    | undefined;
}

/** What a consumer did until it closed, and what remained then. */
export interface DrainReport {
  /** Messages acked or moved to the dead letters. */
  readonly handled: number;
  /** Unfinished messages given back while closing, confirmed by the service. */
  readonly released: number;
  /** Messages whose ack or release was not confirmed: they are delivered again when their lease ends. */
  readonly unsettled: number;
  /** Handlers that did not end in time and may still be running. */
  readonly abandoned: number;
}

/** The state that a health check of the process should report. */
export interface Health {
  /** False: the event loop has been blocked for ten seconds or more. Restart the process. */
  readonly live: boolean;
  /** False: nothing can be received now, since the broker is unreachable or the consumer starts or closes. */
  readonly ready: boolean;
  /** Why the process is not live or not ready, one sentence each; empty if it is both. */
  readonly reasons: readonly string[];
}

/**
 * Receives messages from one queue, subscription or its dead letters. Made by `client.consumer(definition)`.
 * It either runs a handler (`run`, `runBatch`) or hands over messages (`receive`, `for await`), not both at
 * once. When its `close()` has resolved it may be used again; the client's `close()` ends it for good.
 */
export interface QueueConsumer<Body> extends AsyncDisposable {
  /**
   * Handles messages, `concurrency` at once, until `close()`; then resolves with its report. Retries
   * transient errors without end, with a back-off from 100 ms to 30 s; `health()` is not ready meanwhile.
   *
   * @example
   * const run = consumer.run(async (message, { signal }) => {
   *   await charge(message.body, { signal }); // returning acks, throwing retries
   * });
   * await runWorker(client, [run]);
   *
   * @throws NOT_FOUND, ACCESS_DENIED, UNAUTHENTICATED or UNSUPPORTED, which waiting does not cure; what is in
   * hand is drained first. INVALID_ARGUMENT for a setting that this queue cannot keep, or if the consumer is
   * already in use. CLOSED during `close()`, and after the client's
   */
  run(handler: Handler<Body>): Promise<DrainReport>;
  /**
   * Like {@link run}, with up to `size` messages (a whole number from 1) per call of the handler, and
   * `concurrency` calls at once. A batch that is not full starts after `wait`, or at once if the consumer
   * closes. @default size 10, wait "0ms"
   * @throws as `run`
   */
  runBatch(
    handler: BatchHandler<Body>,
    batch?: { readonly size?: number | undefined; readonly wait?: Duration | undefined },
  ): Promise<DrainReport>;
  /**
   * Takes up to `max` messages (a whole number from 1, default 1). Waits up to `wait` (default "0ms") for the
   * first, and resolves with none if none came. Settle each with `ack`, `retry` or `deadLetter`.
   *
   * @example
   * for (const message of await consumer.receive({ max: 10, wait: "20s" })) {
   *   console.log(message.body);
   *   await message.ack();
   * }
   *
   * @throws CANCELLED by `signal`, CLOSED during `close()` and after the client's, INVALID_ARGUMENT for the
   * options or while a handler runs, and errors of the service
   */
  receive(options?: {
    readonly max?: number | undefined;
    readonly wait?: Duration | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly ReceivedMessage<Body>[]>;
  /**
   * `for await`: yields one message after the other until `close()`; up to ten are held ready. Settle each
   * with `ack`, `retry` or `deadLetter`; the end of the loop releases the rest. Fails only as `run` does.
   *
   * @example
   * for await (const message of consumer) {
   *   console.log(message.body);
   *   await message.ack();
   * }
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage<Body>>;
  /**
   * How many handlers (or batches) run at once, a whole number from 1. May be set while it runs.
   * @throws INVALID_ARGUMENT when set to anything else
   */
  concurrency: number;
  /** Stops receiving and starts no further handler. Running handlers go on, and leases are kept. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** The health of its run; live and ready if it does not run. */
  health(): Health;
  /**
   * Drains the consumer: stops receiving, gives back what no handler has begun, waits for handlers up to
   * `timeout` (default "25s"), then aborts their signals, gives back the rest, and waits for the service to
   * confirm. Resolves within 3 seconds after `timeout`, even if nothing answers. A later call can shorten the
   * wait of an earlier one, never lengthen it; all get the same report.
   * @throws INVALID_ARGUMENT for the options
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}
