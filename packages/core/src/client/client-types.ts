import type { Feature } from "../driver/capabilities.ts";
import type {
  AnyDefinition,
  QueueDefinition,
  Source,
  SubscriptionDefinition,
  TopicDefinition,
} from "../message/queue-definition.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { RetryAmbiguous } from "../producer/producer-setup.ts";
import type {
  ConsumerOptions,
  DrainReport,
  Health,
  Logger,
  Message,
  QueueConsumer,
} from "../queue-consumer.ts";
import type { QueueProducer } from "../queue-producer.ts";
import type { EventListener } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";
import type { Duration } from "../time/duration.ts";
import type { Provider } from "./provider.ts";

type Fits<N extends Feature, M> = M extends Feature[] ? ([N] extends [M[number]] ? true : never) : never;
type Unfit<P, N extends Feature> =
  P extends Provider<infer S, infer M> ? ([Fits<N, M>] extends [never] ? S : never) : never;

/**
 * Lets a definition compile only if every provider in `P` can give one entity all of its needs `N`. Otherwise
 * the compiler's error names the provider and the needs.
 */
export type Check<P, N extends Feature> = [Unfit<P, N>] extends [never]
  ? unknown
  : { readonly "not supported": `${Unfit<P, N>} cannot give one queue ${N}` };

/** Options of `createClient`, beside the configuration. */
export interface ClientOptions {
  /**
   * Tells the time and sets the timers for everything that the client makes. For tests, see
   * `createVirtualClock` of `@anyqueue/core/testing`.
   * @default the provider's own clock if it has one (`memory({ clock })`), else the machine's
   */
  readonly clock?: Clock | undefined;
  /**
   * Gets a line for whatever goes wrong, and is the handlers' `context.log`. `console` will do.
   * @default none: nothing is logged
   */
  readonly logger?: Logger | undefined;
  /**
   * One or several objects with a function per event, by name: see {@link QueueEvents}. Called synchronously.
   * If one throws or rejects, the error goes no further and is reported by the event `listener-error`.
   * @default none
   */
  readonly listener?: EventListener | readonly EventListener[] | undefined;
  /** Runs around every send and every handler run; the first in the list is the outermost. @default none */
  readonly middleware?: readonly Middleware[] | undefined;
  /** How the client's producers send: retries, time-out, memory. */
  readonly send?: SendPolicy | undefined;
}

/** How the producers of a client send; the option `send` of `createClient`. */
export interface SendPolicy {
  /**
   * Whether a send is retried if its answer was lost, so that it may have arrived. `"never"`: it rejects with
   * `ambiguous: true`. `"ifDeduplicated"`: retried only if the service recognises the second one. `"always"`:
   * retried even if that may duplicate the message.
   * @default "ifDeduplicated"
   */
  readonly retryAmbiguous?: RetryAmbiguous | undefined;
  /**
   * How long one send may take in all, retries included, more than 0; then it rejects with TIMEOUT. Keep it
   * below the time for which the service remembers a deduplication id (5 minutes on SQS, the entity's setting
   * on Service Bus): after that, a retry can duplicate a message that had arrived. @default "15s"
   */
  readonly timeout?: Duration | undefined;
  /**
   * Bytes of unconfirmed messages that one producer holds, a whole number from 1; further sends wait for
   * room. Bounds the memory that a slow or absent broker costs. @default 67108864 (64 MiB)
   */
  readonly maxBufferedBytes?: number | undefined;
}

/**
 * Makes producers and consumers that share its connections, and closes them all. Made by
 * {@link createClient}, usually once per process; `await using` closes it too.
 */
export interface QueueClient<P extends Provider = Provider> extends AsyncDisposable {
  /**
   * Returns the producer of a queue or topic, always the same object for a definition. No I/O.
   *
   * @example
   * await client.producer(orders).send({ orderId: "o-1" });
   *
   * @throws UNSUPPORTED for a need that the provider cannot meet or a topic if it has none, INVALID_ARGUMENT
   * for a name that the provider does not allow, CLOSED after `close()` has drained the consumers
   */
  producer<In, Out, N extends Feature, U extends Feature>(
    to: (QueueDefinition<In, Out, N, U> | TopicDefinition<In, Out, N, U>) & Check<P, N>,
  ): QueueProducer<In, U>;
  /**
   * Makes a consumer of a queue, a subscription or dead letters. No I/O before it runs.
   *
   * @example
   * const run = client.consumer(orders, { concurrency: 50 }).run(async ({ body }) => {
   *   console.log(body.orderId);
   * });
   *
   * @throws UNSUPPORTED for a need that the provider cannot meet, INVALID_ARGUMENT for an option or a name,
   * CLOSED after `close()`
   */
  consumer<Out, N extends Feature>(
    from: Source<Out, N> & Check<P, N>,
    options?: ConsumerOptions,
  ): QueueConsumer<Out>;
  /** Creates, inspects, empties and deletes entities, and redrives dead letters. Needs rights of its own. */
  readonly admin: QueueAdmin;
  /** The health of all consumers together; live and ready if there are none. Not ready while closing. */
  health(): Health;
  /**
   * Checks the entity of each definition: that it exists and may be used, has what the definition needs, and
   * allows its attempts. Handles no message. For the start of a process, above all one that only sends,
   * because a producer does not check before it sends. The event `notice` reports what could not be checked
   * for lack of a right.
   *
   * @throws one error that lists every fault and has the code of the first; CLOSED after `close()`
   */
  verify(...definitions: readonly AnyDefinition[]): Promise<void>;
  /**
   * Ends everything without losing anything. First drains the consumers (see `QueueConsumer.close`), so that
   * handlers can send until they end, then flushes the producers, then closes the connections. Every step
   * runs, even if an earlier one fails. Settles within 5 seconds after `timeout`, even if nothing answers:
   * sends not confirmed by then reject with TIMEOUT. All calls share one close, which ends at the earliest
   * time that one of them asks for. Resolves with the sum of its consumers' reports, those that ended before
   * included.
   * @default timeout "25s"
   * @throws INVALID_ARGUMENT for the options, before anything is closed; else one error with everything that
   * failed
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}

/** How many messages an entity holds. A number is absent if the provider does not report it. */
export interface QueueCounts {
  /** Messages that can be received now. */
  readonly ready?: number;
  /** Messages that consumers hold: delivered but not settled. */
  readonly inFlight?: number;
  /** Messages sent or released with a delay that are not due yet. */
  readonly delayed?: number;
  /** Messages in its dead letters that can be received now. */
  readonly deadLettered?: number;
  /** True if the service says that its numbers are estimates. */
  readonly approximate: boolean;
}

/** Options of an administrative call. */
export interface AdminOptions {
  /**
   * Ends the call, which rejects with CANCELLED. A request on its way may still take effect (`ambiguous`).
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a redrive. */
export interface RedriveOptions extends AdminOptions {
  /** Moves at most this many messages, a whole number from 1. @default all of them */
  readonly max?: number | undefined;
  /**
   * Moves only the messages for which it returns true; `body` is the bytes. The others stay in the dead
   * letters, but are held under their lease until the redrive ends. If that lease ends before all were
   * checked, the redrive ends with LEASE_LOST. On SQS FIFO, the later messages of a key whose message it passes
   * over are not looked at: SQS holds them back. Must be synchronous: any result but a boolean ends the
   * redrive with INVALID_ARGUMENT. @default every message
   */
  readonly filter?: ((message: Message<Uint8Array>) => boolean) | undefined;
}

/**
 * Administration, the same on every provider: `client.admin`. For deploy steps, tools and tests, because it
 * needs more rights than producers and consumers. Every method rejects with UNSUPPORTED if the provider has
 * nothing like it, NOT_FOUND if the entity does not exist, ACCESS_DENIED without the right, CANCELLED by
 * `signal` and CLOSED after the client's `close()`.
 */
export interface QueueAdmin {
  /**
   * Creates the entity, the topic of a subscription, and their dead letters, connected as the definition's
   * policy says. Does nothing if they exist with these settings. The event `notice` reports what somebody has
   * to do by hand (a grant).
   *
   * @throws ALREADY_EXISTS if the entity exists with other settings, which stay as they are; UNSUPPORTED for
   * a need that the provider cannot meet
   */
  create(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
  /** Counts the messages of a queue, a subscription or dead letters, and those in its dead letters. */
  inspect(of: Source, options?: AdminOptions): Promise<QueueCounts>;
  /**
   * Removes all messages for good; what is sent after it stays. Takes a minute on SQS, a second on Pub/Sub. Dead
   * letters stay: `purge(deadLetters(of))` removes those.
   */
  purge(of: Source, options?: AdminOptions): Promise<void>;
  /**
   * Resets the entity to a moment. Messages sent since then are delivered again, acked or not, as far as the
   * service has kept them; messages sent before count as acked. A consumer that runs meanwhile takes a
   * message that it acked less than two leases ago for a duplicate, and does not run it again (event
   * `redelivery-acked`).
   * @throws UNSUPPORTED unless the service can seek: only Pub/Sub can, and it keeps acked messages only if
   * its subscription says so
   */
  seek(of: Source, to: Date, options?: AdminOptions): Promise<void>;
  /**
   * Moves dead letters back to where they came from. Their attempts start again, and they keep the record of
   * why they were dead letters. Moves messages as it is iterated, and yields how many it has moved so far. At
   * least once: an interruption between the send and the ack leaves a message in both places. Order is not
   * kept. What fails again meanwhile, by the clock of its consumer, stays a dead letter. Takes off what the
   * definition's `emulate` put on the messages, such as an expiry: give the definition with which they were sent.
   *
   * @example
   * for await (const { moved } of client.admin.redrive(orders, { max: 100 })) console.log(`${moved} moved`);
   *
   * @throws INVALID_ARGUMENT for an option or a filter that throws, LEASE_LOST (see `filter`), INVALID_MESSAGE
   * at the end if a message could not be read: its copy would be another message, so it stays
   */
  redrive(of: Source, options?: RedriveOptions): AsyncIterable<{ readonly moved: number }>;
  /**
   * Returns the provider's names of the entities that begin with the configured prefix followed by
   * `startsWith` (default ""). Covers the client's main connection only, not queues with a URL of their own.
   */
  list(startsWith?: string, options?: AdminOptions): Promise<readonly string[]>;
  /**
   * Deletes the entity with all its messages. Dead letters that are an entity of their own stay:
   * `delete(deadLetters(of))` deletes them.
   */
  delete(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
}
