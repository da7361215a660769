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
 * Lets a definition compile only if every provider in `P` can give one entity all of its needs `N`; the compiler's error
 * names the provider and the needs otherwise.
 */
export type Check<P, N extends Feature> = [Unfit<P, N>] extends [never]
  ? unknown
  : { readonly "not supported": `${Unfit<P, N>} cannot give one queue ${N}` };

/** Options of `createClient`, beside the configuration. */
export interface ClientOptions {
  /**
   * Tells the time and sets the timers of everything that the client makes: for tests, see `createVirtualClock` of
   * `@anyqueue/core/testing`. @default the provider's own clock if it has one (`memory({ clock })`), else the machine's
   */
  readonly clock?: Clock | undefined;
  /**
   * Gets a line for whatever goes wrong, and is `context.log` of the handlers; `console` is one. @default none: nothing
   * is logged
   */
  readonly logger?: Logger | undefined;
  /**
   * One or several objects with a function per event, by name: see {@link QueueEvents}. Called synchronously; what one
   * throws or rejects with is contained, and reported as the event `listener-error`. @default none
   */
  readonly listener?: EventListener | readonly EventListener[] | undefined;
  /** Wrapped around every send and every handler run; the first in the list is the outermost. @default none */
  readonly middleware?: readonly Middleware[] | undefined;
  /** How its producers send: retries, time-out, memory. */
  readonly send?: SendPolicy | undefined;
}

/** How the producers of a client send; the option `send` of `createClient`. */
export interface SendPolicy {
  /**
   * Whether a send is tried again whose answer was lost, so that it may have arrived. `"never"`: it rejects with
   * `ambiguous: true`. `"ifDeduplicated"`: only where the service recognises the second one. `"always"`: also where that
   * may duplicate the message.
   * @default "ifDeduplicated"
   */
  readonly retryAmbiguous?: RetryAmbiguous | undefined;
  /**
   * How long one send may take in all, retries included, more than 0; then it rejects with TIMEOUT. Keep it below the
   * time for which the service remembers a deduplication id (5 minutes on SQS, the entity's setting on Service Bus):
   * later, another try of what may have arrived can duplicate it. @default "15s"
   */
  readonly timeout?: Duration | undefined;
  /**
   * Bytes of messages that one producer holds until they are confirmed, a whole number from 1; a `send` beyond this waits
   * for room. Bounds what a slow or absent broker costs in memory. @default 67108864 (64 MiB)
   */
  readonly maxBufferedBytes?: number | undefined;
}

/**
 * Makes producers and consumers that share its connections, and closes them all. Made by {@link createClient}, one for
 * each process as a rule; `await using` closes it, too.
 */
export interface QueueClient<P extends Provider = Provider> extends AsyncDisposable {
  /**
   * The producer of a queue or topic; the same object for the same definition, so that nothing need keep it. No I/O.
   *
   * @example
   * await client.producer(orders).send({ orderId: "o-1" });
   *
   * @throws UNSUPPORTED for a need that the provider cannot meet or a topic where it has none, INVALID_ARGUMENT for a
   * name that the provider does not allow, CLOSED after `close()` has drained the consumers
   */
  producer<In, Out, N extends Feature, U extends Feature>(
    to: (QueueDefinition<In, Out, N, U> | TopicDefinition<In, Out, N, U>) & Check<P, N>,
  ): QueueProducer<In, U>;
  /**
   * A new consumer of a queue, a subscription or dead letters. No I/O before it runs.
   *
   * @example
   * const run = client.consumer(orders, { concurrency: 50 }).run(async ({ body }) => {
   *   console.log(body.orderId);
   * });
   *
   * @throws UNSUPPORTED for a need that the provider cannot meet, INVALID_ARGUMENT for an option or a name, CLOSED after
   * `close()`
   */
  consumer<Out, N extends Feature>(
    from: Source<Out, N> & Check<P, N>,
    options?: ConsumerOptions,
  ): QueueConsumer<Out>;
  /**
   * Creates, inspects, empties and deletes entities, and redrives dead letters. Needs rights that sending and receiving
   * do not.
   */
  readonly admin: QueueAdmin;
  /** The health of all consumers together; live and ready if there is none, not ready while the client closes. */
  health(): Health;
  /**
   * Looks at the entity of each definition: that it exists and may be used, has what the definition needs, and allows its
   * attempts. Handles no message. For the start of a process, above all of one that only sends: a producer does not look
   * before it sends. What could not be checked for want of a right is told as the event `notice`.
   *
   * @throws one error that lists every fault, with the code of the first; CLOSED after `close()`
   */
  verify(...definitions: readonly AnyDefinition[]): Promise<void>;
  /**
   * Ends everything without losing anything: drains the consumers (see `QueueConsumer.close`), so that handlers may send
   * until they end, then flushes the producers, then closes the connections. Every step runs, even if one before it
   * fails. Settles at the latest 5 seconds after `timeout`, even if nothing answers: sends that are not confirmed by then
   * reject with TIMEOUT. All calls share one close, whose end is the soonest that one of them asks for. Resolves with the
   * sum of its consumers' reports.
   * @default timeout "25s"
   * @throws INVALID_ARGUMENT for the options, before anything is closed; else what failed in closing, in one error
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}

/** How many messages an entity holds; a number is absent where the provider cannot tell it. */
export interface QueueCounts {
  /** Messages that can be received now. */
  readonly ready?: number;
  /** Messages that consumers hold: delivered and not settled. */
  readonly inFlight?: number;
  /** Messages that were sent or released with a delay and are not due yet. */
  readonly delayed?: number;
  /** Messages in its dead letters that can be received now. */
  readonly deadLettered?: number;
  /** True where the service calls its numbers estimates. */
  readonly approximate: boolean;
}

/** Options of an administrative call. */
export interface AdminOptions {
  /** Ends the call, which rejects with CANCELLED; what was on its way may still take effect (`ambiguous`). @default none */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a redrive. */
export interface RedriveOptions extends AdminOptions {
  /** Moves at most so many messages, a whole number from 1. @default all of them */
  readonly max?: number | undefined;
  /**
   * Moves only the messages for which it returns true; `body` is the bytes. The others stay in the dead letters, but are
   * held under their lease until the redrive ends; if that lease runs out before all were looked at, the redrive ends
   * with LEASE_LOST. Must be synchronous: what is no boolean ends it with INVALID_ARGUMENT. @default every message
   */
  readonly filter?: ((message: Message<Uint8Array>) => boolean) | undefined;
}

/**
 * Administration, the same on every provider: `client.admin`. For deploy steps, tools and tests, because it needs rights
 * that producers and consumers do not. Every method rejects with UNSUPPORTED where the provider has nothing like it,
 * NOT_FOUND where the entity does not exist, ACCESS_DENIED without the right, CANCELLED by `signal` and CLOSED after the
 * client's `close()`.
 */
export interface QueueAdmin {
  /**
   * Creates the entity, the topic of a subscription, and their dead letters, wired as the definition's policy says. Does
   * nothing if they are there with these settings. What is left for somebody else to do (a grant) is told as the event
   * `notice`.
   *
   * @throws ALREADY_EXISTS if it is there with other settings, which are left as they are; UNSUPPORTED for a need that
   * the provider cannot meet
   */
  create(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
  /** Counts the messages of a queue, a subscription or dead letters, and those in its dead letters. */
  inspect(of: Source, options?: AdminOptions): Promise<QueueCounts>;
  /** Removes all messages for good. Its dead letters stay: `purge(deadLetters(of))` removes those. */
  purge(of: Source, options?: AdminOptions): Promise<void>;
  /**
   * Makes the entity what it was at a moment: what was sent since is delivered again, acknowledged or not, as far as the
   * service has kept it; what was sent before counts as acknowledged. Of a consumer that runs meanwhile, a message that
   * it acknowledged less than two leases ago is taken for a duplicate, and not run again (event `redelivery-acked`).
   * @throws UNSUPPORTED where the service cannot: only Pub/Sub can, and keeps acknowledged messages where its
   * subscription says so
   */
  seek(of: Source, to: Date, options?: AdminOptions): Promise<void>;
  /**
   * Moves dead letters back to where they came from; their attempts begin anew, and the record of why they were dead
   * stays on them. Works as it is iterated, and yields how
   * many were moved so far. At least once: an interruption between the send and the ack leaves a message in both places.
   * Order is not kept.
   *
   * @example
   * for await (const { moved } of client.admin.redrive(orders, { max: 100 })) console.log(`${moved} moved`);
   *
   * @throws INVALID_ARGUMENT for an option or a filter that throws, LEASE_LOST (see `filter`)
   */
  redrive(of: Source, options?: RedriveOptions): AsyncIterable<{ readonly moved: number }>;
  /**
   * The provider's names of the entities that begin with the configured prefix followed by `startsWith` (default ""). Of
   * the client's main connection: a queue with a URL of its own is not among them.
   */
  list(startsWith?: string, options?: AdminOptions): Promise<readonly string[]>;
  /**
   * Deletes the entity with all its messages. Its dead letters stay where they are an entity of their own:
   * `delete(deadLetters(of))`.
   */
  delete(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
}
