import type { QueueError } from "./errors/queue-error.ts";
import type { QueuePolicy } from "./message/define-options.ts";
import type { Duration } from "./time/duration.ts";

/**
 * Where log lines go; `console` and most loggers have this shape. `fields` holds data for machines (ids, numbers, errors),
 * `text` is one sentence for people. The engine puts neither bodies nor secrets into them.
 */
export interface Logger {
  /** The engine: a consumer starts, pauses, drains or closes; a feature is emulated. */
  info(fields: object, text: string): void;
  /** The engine: a retry, a handler that failed, a lost lease, a dead letter, a notice. */
  warn(fields: object, text: string): void;
  /** For the application, as `context.log.error`; the engine itself never calls it. */
  error(fields: object, text: string): void;
}

/** Why a message is in the dead letters, and where it came from. A member is absent where that is not known. */
export interface DeadLetterDetails {
  /**
   * `ATTEMPTS_SPENT`, `RETRY_POLICY` (the `retry.delay` function said so), `INVALID_MESSAGE`, the text of a
   * {@link DeadLetterError}, or what the service itself gives as its reason.
   */
  readonly reason?: string;
  /** Name and text of the error behind it, at most 1,024 bytes of UTF-8. */
  readonly description?: string;
  /** The queue or subscription that it comes from. */
  readonly source?: string;
  /** How many times a handler ran for it. */
  readonly attempts?: number;
  /** When it was first sent. */
  readonly firstEnqueuedAt?: Date;
  /** When it was moved to the dead letters. */
  readonly deadLetteredAt?: Date;
}

/** One message as a handler gets it. */
export interface Message<Body> {
  /**
   * The application's id if the message carries one, else the provider's. It stays the same over redeliveries, retries and
   * dead letters, so that it is the key to handle a message once by.
   */
  readonly id: string;
  /** What the schema made of the decoded body; a `Uint8Array` on messages read from dead letters. */
  readonly body: Body;
  /** The sender's attributes; those that anyqueue itself adds (`aq-…`) are left out. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * The provider's type of each attribute that another SDK did not send as a string; its value is in `attributes` as
   * text.
   */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** The content type that the sender wrote, such as `application/json`. */
  readonly contentType?: string;
  /** The key whose messages are handled in the order of their sends, one at a time; absent without ordering. */
  readonly orderingKey?: string;
  /** The conversation that the message belongs to, as the sender wrote it. */
  readonly correlationId?: string;
  /** Where the sender expects an answer, as it wrote it. */
  readonly replyTo?: string;
  /** When the service took the message, by the service's clock. */
  readonly enqueuedAt?: Date;
  /** Only on messages read from dead letters: why they are there. */
  readonly deadLettered?: DeadLetterDetails;
  /** The provider's own id of the stored message. */
  readonly providerId: string;
  /**
   * The vendor SDK's own message, for what this interface leaves out. Its type is the SDK's; code that reads it is not
   * portable.
   */
  readonly native: unknown;
}

/**
 * What a handler can see and do beside the message itself. In a batch it stands for all messages together: see the members.
 */
export interface HandlerContext {
  /**
   * Aborts when the work should stop: its reason is a `QueueError` with the code `LEASE_LOST`, `TIMEOUT`
   * (`handlerTimeout`) or `CANCELLED` (the time of a `close` is over). Pass it on to `fetch` and the like. In a batch:
   * when all of it is to stop.
   */
  readonly signal: AbortSignal;
  /** 1 on the first delivery, and always where the provider does not count. In a batch: the highest of its messages. */
  readonly attempt: number;
  /**
   * True if a failure of this run sends the message to the dead letters. In a batch: true for at least one of its
   * messages.
   */
  readonly isLastAttempt: boolean;
  /**
   * When this run is stopped at the latest: `handlerTimeout`, an hour, or the end of a function's time. In a batch: the
   * earliest.
   */
  readonly deadline?: Date;
  /** The client's `logger`; it drops everything where none was given. */
  readonly log: Logger;
  /**
   * Makes sure that the lease lasts at least `by` from now: before work that blocks the event loop, during which nothing
   * is renewed. Leases are renewed by themselves otherwise. Never shortens a lease; goes no further than the provider's
   * longest lease and the hour (or longer `handlerTimeout`) for which one delivery is held. In a batch: of all its
   * messages.
   * @throws LEASE_LOST, UNSUPPORTED where leases cannot be extended, INVALID_ARGUMENT unless `by` is more than 0, and
   * what the service answers
   */
  extend(by: Duration): Promise<void>;
}

/**
 * Handles one message. Returning (or resolving) acks it; throwing gives it back to be retried by the policy; a
 * {@link RetryError} retries after its own delay; a {@link DeadLetterError} moves it to the dead letters at once. What is
 * returned is ignored. It may run more than once for a message: make it idempotent.
 */
export type Handler<Body> = (message: Message<Body>, context: HandlerContext) => unknown;

/**
 * Handles several messages at once. Returning nothing acks all; throwing fails all of them. To decide for each, return
 * one `PromiseSettledResult` per message in the order of the messages: fulfilled acks, rejected counts as thrown for that
 * message.
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
 * A message that `receive()` or the iterator handed over: yours to settle. Its lease is renewed until then, for an hour
 * at most. The first settlement wins; the same one again has the same result. Disposing it (`await using`) gives it back
 * if it is not settled.
 */
export interface ReceivedMessage<Body> extends Message<Body>, HandlerContext, AsyncDisposable {
  /**
   * Done: removes the message. Resolves when the provider confirmed it.
   * @throws LEASE_LOST (it is delivered again), ALREADY_SETTLED after another settlement, and what the service answers
   */
  ack(): Promise<void>;
  /**
   * Gives the message back as if a handler had thrown: it comes again after `delay`, by default the one of the retry
   * policy, or goes to the dead letters if this was its last attempt.
   * @throws LEASE_LOST, ALREADY_SETTLED after another settlement, INVALID_ARGUMENT for no duration, and what the service
   * answers
   */
  retry(delay?: Duration): Promise<void>;
  /**
   * Gives the message up: moves it to the dead letters, with this reason.
   * @throws LEASE_LOST, ALREADY_SETTLED after another settlement, UNSUPPORTED without dead letters (it is delivered
   * again), and what the service answers
   */
  deadLetter(reason: string): Promise<void>;
}

/** Options of one consumer. `retry`, `lease` and `deadLetter` given here win over those of the definition. */
export interface ConsumerOptions extends QueuePolicy {
  /**
   * Handlers running at once in this consumer, a whole number from 1. In `runBatch`: batches at once.
   * More helps where handlers wait for something, and costs what they use at once. @default 10
   */
  readonly concurrency?: number | undefined;
  /**
   * Deliveries held ready beyond those in handlers, a whole number from 0. `"auto"` measures how long handlers and
   * requests take and holds up to 1,000. What is held waits here while other consumers could have it: use 0 for few, long
   * jobs.
   * @default "auto"
   */
  readonly prefetch?: number | "auto" | undefined;
  /**
   * At most `count` handlers (a whole number from 1) start in any span of `per` (more than 0): of this consumer, not of all
   * processes together. @default no limit
   */
  readonly rateLimit?: { readonly count: number; readonly per: Duration } | undefined;
  /**
   * Aborts the signal of a run that takes longer, with the code `TIMEOUT`; it counts as a failed attempt, whatever the
   * handler does afterwards. More than 0, up to the longest time that the provider lets a delivery be held. Longer than
   * an hour raises that bound.
   * @default none; a run that hangs is ended after an hour
   */
  readonly handlerTimeout?: Duration | undefined;
  /**
   * What happens to a message whose body cannot be decoded or does not fit the schema. `"retry"`: a failed attempt like
   * any other. A function gets the bytes and the error (`INVALID_MESSAGE`): returning acks, throwing retries,
   * `DeadLetterError` dead-letters.
   * @default "dead-letter"
   */
  readonly onInvalid?:
    | "dead-letter"
    | "retry"
    | ((raw: Message<Uint8Array>, error: QueueError) => unknown)
    | undefined;
}

/** What a consumer did in its life, and what it left when it closed. */
export interface DrainReport {
  /** Messages that were acked or moved to the dead letters. */
  readonly handled: number;
  /** Unfinished messages that were given back while closing, as the service confirmed. */
  readonly released: number;
  /** Messages whose ack or return the service did not confirm: they are delivered again when their lease ends. */
  readonly unsettled: number;
  /** Handlers that did not end in time. They alone may still be running. */
  readonly abandoned: number;
}

/** What a health check of the process should answer. */
export interface Health {
  /** False: the event loop was blocked for ten seconds or more, so that nothing gets done; restart the process. */
  readonly live: boolean;
  /** False: nothing can be received right now, because the broker is out of reach or the consumer starts or closes. */
  readonly ready: boolean;
  /** Why it is not live or not ready, one sentence each; empty if all is well. */
  readonly reasons: readonly string[];
}

/**
 * Receives the messages of one queue, subscription or dead letters. Made by `client.consumer(definition)`. Either it runs
 * a handler (`run`, `runBatch`) or it hands over messages (`receive`, `for await`), not both at once; after `close` it
 * may be used again.
 */
export interface QueueConsumer<Body> extends AsyncDisposable {
  /**
   * Handles messages, `concurrency` at once, until `close()`; then resolves with its report. Errors that pass are tried
   * again for ever, with a back-off from 100 ms to 30 s, while `health()` says not ready.
   *
   * @example
   * const run = consumer.run(async (message, { signal }) => {
   *   await charge(message.body, { signal }); // returning acks, throwing retries
   * });
   * await runWorker(client, [run]);
   *
   * @throws NOT_FOUND, ACCESS_DENIED, UNAUTHENTICATED or UNSUPPORTED: no waiting mends these; what was in hand is drained
   * first. INVALID_ARGUMENT for a setting that this queue cannot keep, or while the consumer is in use already. CLOSED
   * after the client's `close()`
   */
  run(handler: Handler<Body>): Promise<DrainReport>;
  /**
   * As {@link run}, with up to `size` messages (a whole number from 1) for each call of the handler, and `concurrency`
   * calls at once. A batch that is not full starts after `wait`; once the consumer closes, at once. @default size 10,
   * wait "0ms"
   * @throws as `run`
   */
  runBatch(
    handler: BatchHandler<Body>,
    batch?: { readonly size?: number | undefined; readonly wait?: Duration | undefined },
  ): Promise<DrainReport>;
  /**
   * Takes up to `max` messages (a whole number from 1, default 1), and waits up to `wait` (default "0ms") for the first
   * of them. Empty if there is none by then. Settle each with `ack`, `retry` or `deadLetter`.
   *
   * @example
   * for (const message of await consumer.receive({ max: 10, wait: "20s" })) {
   *   console.log(message.body);
   *   await message.ack();
   * }
   *
   * @throws CANCELLED by `signal`, CLOSED while closing, INVALID_ARGUMENT for the options or while a handler runs, and
   * what the service answers
   */
  receive(options?: {
    readonly max?: number | undefined;
    readonly wait?: Duration | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly ReceivedMessage<Body>[]>;
  /**
   * `for await`: one message after the other, until `close()`; up to ten are held ready. Settle each with `ack`, `retry` or
   * `deadLetter`: what is not settled when the loop is left is released.
   *
   * @example
   * for await (const message of consumer) {
   *   console.log(message.body);
   *   await message.ack();
   * }
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage<Body>>;
  /**
   * Handlers (or batches) running at once, a whole number from 1. May be set while it runs. @throws INVALID_ARGUMENT when
   * set to anything else
   */
  concurrency: number;
  /** Starts no further handler. Those that run go on, and leases are kept; nothing new is received. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** How its run is doing; live and ready while it does not run. */
  health(): Health;
  /**
   * Ends it without losing anything: stops receiving, gives back what no handler has begun, waits for handlers up to
   * `timeout` (default "25s"), then aborts their signals and gives back the rest, and waits for the service to confirm.
   * Resolves at the latest 3 seconds after `timeout`, even if nothing answers. A later call can shorten the wait of an
   * earlier one, never lengthen it; all get the same report.
   * @throws INVALID_ARGUMENT for the options
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}
