import type { QueueError } from "./errors/queue-error.ts";
import type { QueuePolicy } from "./message/queue-definition.ts";
import type { Duration } from "./time/duration.ts";

/** Structured log sink of the application. */
export interface Logger {
  /** `fields` are data for machines, `text` is a sentence for people; the same for all three. */
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** What is known of a dead letter. */
export interface DeadLetterDetails {
  /** `ATTEMPTS_SPENT`, `INVALID_MESSAGE`, the text of a `DeadLetterError`, or the service's own. */
  readonly reason?: string;
  /** Name and text of the error behind it, at most 1,024 bytes. */
  readonly description?: string;
  /** The queue it comes from. */
  readonly source?: string;
  /** Handler runs that it had. */
  readonly attempts?: number;
  /** When it was first sent. */
  readonly firstEnqueuedAt?: Date;
  readonly deadLetteredAt?: Date;
}

/** Data of one message. */
export interface Message<Body> {
  /** The application's id if the message carries one, else the provider's. */
  readonly id: string;
  /** The schema's output; bytes on messages read from dead letters. */
  readonly body: Body;
  /** Those of the sender; what the core adds is not among them. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Native types of attributes that were not strings at a foreign sender. */
  readonly attributeTypes?: Readonly<Record<string, string>>;
  /** As it was written by the sender. */
  readonly contentType?: string;
  /** Messages with one key are handled in order, one at a time. */
  readonly orderingKey?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** When the service took it, by its clock. */
  readonly enqueuedAt?: Date;
  /** On messages read from dead letters. */
  readonly deadLettered?: DeadLetterDetails;
  /** The provider's own id of the stored message. */
  readonly providerId: string;
  /** The vendor SDK's own object. */
  readonly native: unknown;
}

/** Power over one delivery. */
export interface HandlerContext {
  /** Aborts when the lease is lost, the handler timed out or the worker's drain deadline came; the reason says which. */
  readonly signal: AbortSignal;
  /** 1 on the first delivery; 1 also where the provider cannot tell. */
  readonly attempt: number;
  /** True: a failure of this run dead-letters the message. */
  readonly isLastAttempt: boolean;
  /** When this run is stopped at the latest. */
  readonly deadline?: Date;
  /** The client's logger. */
  readonly log: Logger;
  /** Holds the lease for `by` from now, at least. @throws LEASE_LOST, UNSUPPORTED, INVALID_ARGUMENT */
  extend(by: Duration): Promise<void>;
}

/** Return = ack, throw = retry, `RetryError` = retry after its delay, `DeadLetterError` = dead-letter now. */
export type Handler<Body> = (message: Message<Body>, context: HandlerContext) => unknown;

/** Fulfilled = ack, rejected = as if thrown for that message; nothing returned = ack all; throwing = all failed. */
export type BatchHandler<Body> = (
  messages: readonly Message<Body>[],
  context: HandlerContext,
) => Promise<void | readonly PromiseSettledResult<unknown>[]>;

/** A message of pull mode; released when disposed unsettled. */
export interface ReceivedMessage<Body> extends Message<Body>, HandlerContext, AsyncDisposable {
  /** Resolves when the provider confirmed. @throws LEASE_LOST, ALREADY_SETTLED after another settlement */
  ack(): Promise<void>;
  /** As if a handler had thrown: after `delay`, else the policy's. @throws LEASE_LOST, ALREADY_SETTLED, INVALID_ARGUMENT */
  retry(delay?: Duration): Promise<void>;
  /** Gives it up, with this reason on the dead letter. @throws LEASE_LOST, ALREADY_SETTLED, UNSUPPORTED without dead letters */
  deadLetter(reason: string): Promise<void>;
}

/** Options of one consumer; policy given here wins over the definition's. */
export interface ConsumerOptions extends QueuePolicy {
  /** Handlers running at once, 1 or more; has nothing to do with the size of a batch. @default 10 */
  readonly concurrency?: number | undefined;
  /** Deliveries held ready beyond `concurrency`, 0 or more; `auto` measures. More costs others, who wait. @default "auto" */
  readonly prefetch?: number | "auto" | undefined;
  /** Starts of handlers of this consumer, at most `count` (1 or more) in any `per`. @default none */
  readonly rateLimit?: { readonly count: number; readonly per: Duration } | undefined;
  /** A run longer than this is aborted and its message released. @default none (the lease cap of one hour ends a hung run) */
  readonly handlerTimeout?: Duration | undefined;
  /** What happens to a message that cannot be decoded or fails its schema. @default "dead-letter" */
  readonly onInvalid?:
    | "dead-letter"
    | "retry"
    | ((raw: Message<Uint8Array>, error: QueueError) => unknown)
    | undefined;
}

/** What a consumer left behind when it closed. */
export interface DrainReport {
  /** Messages acked or dead-lettered in the life of the consumer. */
  readonly handled: number;
  /** Unfinished messages given back during the drain; the service confirmed it. */
  readonly released: number;
  /** Messages in hand whose end the service did not confirm: they come again when their lease runs out. */
  readonly unsettled: number;
  /** Handlers that did not end in time; the only ones that can still be running. */
  readonly abandoned: number;
}

/** What a health check of the process should answer. */
export interface Health {
  /** False: the local loop stalled; restart the process. */
  readonly live: boolean;
  /** False: the broker is unreachable or stalled. */
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Receives messages of one queue or subscription. Made by `client.consumer(definition)`. */
export interface QueueConsumer<Body> extends AsyncDisposable {
  /**
   * Handles messages until `close()`, then resolves with its report.
   * @throws NOT_FOUND, ACCESS_DENIED, UNAUTHENTICATED or UNSUPPORTED, after a drain; what passes is tried again for ever
   */
  run(handler: Handler<Body>): Promise<DrainReport>;
  /** Hands over up to `size` messages at once; a close waits for no more of them. @default size 10, wait "0ms" */
  runBatch(
    handler: BatchHandler<Body>,
    batch?: { readonly size?: number | undefined; readonly wait?: Duration | undefined },
  ): Promise<DrainReport>;
  /**
   * Takes up to `max` messages (default 1), waiting `wait` (default "0ms") for the first. Empty if there is none.
   * @throws CANCELLED by `signal`, CLOSED while closing, and what the service answers
   */
  receive(options?: {
    readonly max?: number | undefined;
    readonly wait?: Duration | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly ReceivedMessage<Body>[]>;
  /** One message at a time; leaving the loop releases what was not settled. */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage<Body>>;
  /** Handlers running at once, 1 or more; may be changed while running. @throws INVALID_ARGUMENT */
  concurrency: number;
  /** Starts no further handler; those that run go on, with their leases kept. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Live and ready while it does not run. */
  health(): Health;
  /**
   * Drains: stops asking, gives back what no handler started, waits for handlers up to `timeout` (default "25s"), flushes.
   * Resolves at the latest 3 seconds after `timeout`, also where nothing answers: a second close can shorten the first one's
   * wait, and lengthens none. After the end of a run, with its report.
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}
