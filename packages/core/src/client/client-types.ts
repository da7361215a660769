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
 * Lets compile only what every provider can do.
 * Names provider and need where one of `P` cannot give one entity all of `N`.
 */
export type Check<P, N extends Feature> = [Unfit<P, N>] extends [never]
  ? unknown
  : { readonly "not supported": `${Unfit<P, N>} cannot give one queue ${N}` };

/** How a client is made, beyond its configuration. */
export interface ClientOptions {
  /** @default the provider's own clock, else the machine's */
  readonly clock?: Clock | undefined;
  /** Gets a line for whatever goes wrong, and `context.log` of the handlers; `console` is one. @default none */
  readonly logger?: Logger | undefined;
  /** Called with every event; what it throws is contained. */
  readonly listener?: EventListener | readonly EventListener[] | undefined;
  /** Around every send and every handler; the first is the outermost. */
  readonly middleware?: readonly Middleware[] | undefined;
  /** How its producers send. */
  readonly send?: SendPolicy | undefined;
}

/** How the producers of a client send. */
export interface SendPolicy {
  /** Which failures that may have taken effect are tried again; `always` may duplicate. @default "ifDeduplicated" */
  readonly retryAmbiguous?: RetryAmbiguous | undefined;
  /**
   * One send in all, retries included. Beyond the time for which the service knows a deduplication id (5 minutes on SQS, the
   * entity's own on Service Bus), another try of what may have taken effect can duplicate it. @default "15s"
   */
  readonly timeout?: Duration | undefined;
  /** Of one producer, 1 or more; beyond this `send` waits. @default 67108864 (64 MiB) */
  readonly maxBufferedBytes?: number | undefined;
}

/** Shares connections and owns all that is made from it. */
export interface QueueClient<P extends Provider = Provider> extends AsyncDisposable {
  /**
   * The producer of a queue or topic; the same object for the same definition.
   * @throws UNSUPPORTED for a need that the provider cannot meet, CLOSED after `close()` has drained the consumers
   */
  producer<In, Out, N extends Feature, U extends Feature>(
    to: (QueueDefinition<In, Out, N, U> | TopicDefinition<In, Out, N, U>) & Check<P, N>,
  ): QueueProducer<In, U>;
  /**
   * A new consumer of a queue, a subscription or dead letters.
   * @throws UNSUPPORTED for a need that the provider cannot meet, INVALID_ARGUMENT, CLOSED after `close()`
   */
  consumer<Out, N extends Feature>(
    from: Source<Out, N> & Check<P, N>,
    options?: ConsumerOptions,
  ): QueueConsumer<Out>;
  /** Creates, inspects, empties and redrives entities on any provider. */
  readonly admin: QueueAdmin;
  /** All consumers together; live and ready if there is none. */
  health(): Health;
  /**
   * Checks existence, rights, needs and attempt budgets without handling a message.
   * @throws one error that lists every fault
   */
  verify(...definitions: readonly AnyDefinition[]): Promise<void>;
  /**
   * Drains consumers, then flushes producers, then closes connections; every step runs even if one fails.
   * Resolves at the latest 5 seconds after `timeout`, also where nothing answers: sends that are not confirmed by then reject.
   * All calls share one close, whose end is the soonest that one of them asks for. @default timeout "25s"
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<DrainReport>;
}

/** What an entity holds; absent where the provider cannot tell. */
export interface QueueCounts {
  /** Can be received now. */
  readonly ready?: number;
  /** Held by consumers. */
  readonly inFlight?: number;
  /** Not due yet. */
  readonly delayed?: number;
  /** In its dead letters. */
  readonly deadLettered?: number;
  /** True where the service calls its numbers estimates. */
  readonly approximate: boolean;
}

/** Options of an administrative call. */
export interface AdminOptions {
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a redrive. */
export interface RedriveOptions extends AdminOptions {
  /** Moves this many at most, 1 or more. @default all */
  readonly max?: number | undefined;
  /**
   * Moves only these; the others stay in the dead letters. They are held until the end: LEASE_LOST where they come back
   * before all were looked at.
   */
  readonly filter?: ((message: Message<Uint8Array>) => boolean) | undefined;
}

/** Administration on any provider. Every method rejects with UNSUPPORTED where the provider has none. */
export interface QueueAdmin {
  /** Creates the entity, and its dead letters wired to it. Idempotent; other settings reject ALREADY_EXISTS. */
  create(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
  /** Counts messages. */
  inspect(of: Source, options?: AdminOptions): Promise<QueueCounts>;
  /** Removes all messages; dead letters stay. */
  purge(of: Source, options?: AdminOptions): Promise<void>;
  /**
   * Makes the entity what it was at a moment: what was sent since is delivered again, acknowledged or not, as far as the
   * service has kept it; what was sent before counts as acknowledged. Of a consumer that runs meanwhile, a message that it
   * acknowledged less than two leases ago is taken for a duplicate, and not run again (event `redelivery-acked`).
   * @throws UNSUPPORTED where the service cannot: only Pub/Sub can, and keeps acknowledged messages where its subscription says so
   */
  seek(of: Source, to: Date, options?: AdminOptions): Promise<void>;
  /**
   * Moves dead letters back to where they came from, with their attempts reset and their history kept.
   * At least once: an interruption between send and ack leaves a message in both places.
   */
  redrive(of: Source, options?: RedriveOptions): AsyncIterable<{ readonly moved: number }>;
  /** Names of the entities of the main connection that begin with its prefix and `startsWith`. */
  list(startsWith?: string, options?: AdminOptions): Promise<readonly string[]>;
  /** Deletes the entity with its messages; dead letters stay, until `delete(deadLetters(of))`. */
  delete(
    of: QueueDefinition | TopicDefinition | SubscriptionDefinition,
    options?: AdminOptions,
  ): Promise<void>;
}
