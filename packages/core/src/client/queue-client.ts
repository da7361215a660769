import { createConsumer } from "../consumer/consumer.ts";
import type { ConsumerSetup } from "../consumer/consumer-setup.ts";
import { NOTHING_HANDLED } from "../consumer/drain.ts";
import { closeTimeoutMs } from "../consumer/resolve-options.ts";
import type { Feature } from "../driver/capabilities.ts";
import { recordProblems, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { overlay } from "../message/check-definition.ts";
import {
  detailsOf,
  refuseKind,
  sourceOf,
  type AnyDefinition,
  type DefinitionDetails,
  type QueueDefinition,
  type Source,
  type TopicDefinition,
} from "../message/queue-definition.ts";
import { createProducer, type ClosableProducer } from "../producer/producer.ts";
import type { ConsumerOptions, DrainReport, Health, QueueConsumer } from "../queue-consumer.ts";
import type { QueueProducer } from "../queue-producer.ts";
import type { Clock } from "../time/clock.ts";
import { SharedClose, type DrainTime } from "../time/drain-time.ts";
import { createAdmin } from "./admin.ts";
import { unmetNeeds } from "./check-needs.ts";
import { resolveOptions, type ResolvedOptions } from "./client-options.ts";
import type { Check, ClientOptions, QueueAdmin, QueueClient } from "./client-types.ts";
import { combineErrors } from "./combine-errors.ts";
import { checkConfig, type QueueConfig } from "./config.ts";
import { Connections } from "./connections.ts";
import { deadLetterTarget, Directory, locateDeadLetters, type Place } from "./directory.ts";
import { checkProviders } from "./check-providers.ts";
import type { Provider } from "./provider.ts";
import { verifyPlace } from "./verify.ts";

/**
 * Makes a client from a configuration and the providers that it may use. No I/O: connections open on first
 * use.
 *
 * The compiler checks each definition against all given providers: with `[memory(), sqs()]`, only definitions
 * that both support compile.
 *
 * @example
 * const client = createClient(process.env["QUEUE_URL"] ?? "memory:", [memory(), sqs()], { logger: console });
 * await client.producer(orders).send({ orderId: "o-1" });
 * await client.close();
 *
 * @param config a connection URL such as `"sqs://eu-west-1"`, or a {@link QueueConfig}; `loadConfig` of
 * `@anyqueue/core/auto` reads one from the environment and a file
 * @param providers one for each scheme that the configuration names
 * @throws INVALID_ARGUMENT listing every problem of configuration and options, or naming the package of a
 * missing provider; UNSUPPORTED on a Node.js older than 22.12
 */
export function createClient<const P extends readonly Provider[]>(
  config: string | QueueConfig,
  providers: P,
  options: ClientOptions = {},
): QueueClient<P[number]> {
  checkProviders(providers);
  const resolved = resolveOptions(options);
  const checked = checkConfig(config);
  const connections = new Connections(providers, options.clock, checked.prefix);
  for (const { url } of checked.queues.values()) if (url !== undefined) connections.provider(url);
  const { clock } = connections.get(checked.url);
  return new Client(new Directory(checked, connections), connections, resolved, clock);
}

/** Time beyond a close's timeout until sends are given up, and until connections are no longer awaited. */
const SEND_GRACE_MS = 3_000;
const END_GRACE_MS = 4_000;
/** So many definitions with one name are not meant: each keeps its producer, and that its connection. */
const MANY_PRODUCERS = 100;
/** The least time that each of the two steps gets, however long the consumers took. */
const LEAST_STEP_MS = 500;

/* oxlint-disable-next-line typescript/no-explicit-any -- held to be closed; their types matter to callers only */
type AnyProducer = ClosableProducer<any, any>;

type Drained = readonly PromiseSettledResult<DrainReport>[];

class Client<P extends Provider> implements QueueClient<P> {
  readonly admin: QueueAdmin;
  readonly #directory: Directory;
  readonly #connections: Connections;
  /** The clock of the main connection; queues with a URL of their own may have others. */
  readonly #clock: Clock;
  readonly #options: ResolvedOptions;
  readonly #producers = new Map<DefinitionDetails, AnyProducer>();
  readonly #madePerName = new Map<string, number>();
  readonly #consumers = new Set<QueueConsumer<unknown>>();
  /** Of the consumers that have ended. */
  #report = NOTHING_HANDLED;
  readonly #ending = new AbortController();
  /** True once no handler runs any more that could ask for a producer. */
  #isDrained = false;
  readonly #closing = new SharedClose<DrainReport>();

  constructor(directory: Directory, connections: Connections, options: ResolvedOptions, clock: Clock) {
    this.#clock = clock;
    this.#directory = directory;
    this.#connections = connections;
    this.#options = options;
    this.admin = createAdmin(directory, this.#ending.signal, () => this.#assertOpen(), options.events);
  }

  producer<In, Out, N extends Feature, U extends Feature>(
    to: (QueueDefinition<In, Out, N, U> | TopicDefinition<In, Out, N, U>) & Check<P, N>,
  ): QueueProducer<In, U> {
    // Until then, handlers that end while the client drains can still get a producer.
    if (this.#isDrained) this.#assertOpen();
    const details = detailsOf(to);
    let producer = this.#producers.get(details);
    if (producer === undefined) {
      producer = this.#makeProducer(details);
      this.#producers.set(details, producer);
    }
    return producer;
  }

  consumer<Out, N extends Feature>(
    from: Source<Out, N> & Check<P, N>,
    options: ConsumerOptions = {},
  ): QueueConsumer<Out> {
    this.#assertOpen();
    refuseProblems(recordProblems(options, "consumer"));
    const details = sourceOf(from);
    const consumer: QueueConsumer<Out> = createConsumer<Out>({
      ...this.#consumerSetup(this.#findFit(details), options),
      onOpened: () => {
        this.#assertOpen();
        this.#consumers.add(consumer);
      },
      onClosed: (report) => {
        this.#consumers.delete(consumer);
        this.#report = add(this.#report, report);
      },
    });
    return consumer;
  }

  health(): Health {
    const all = [...this.#consumers].map((consumer) => consumer.health());
    return {
      live: all.every(({ live }) => live),
      ready: this.#closing.time === undefined && all.every(({ ready }) => ready),
      reasons: [
        ...(this.#closing.time === undefined ? [] : ["the client is closing"]),
        ...all.flatMap(({ reasons }) => reasons),
      ],
    };
  }

  async verify(...definitions: readonly AnyDefinition[]): Promise<void> {
    this.#assertOpen();
    const { events } = this.#options;
    const results = await Promise.allSettled(
      definitions.map(async (definition) => {
        const place = this.#directory.find(detailsOf(definition));
        return await verifyPlace(place, this.#directory, events);
      }),
    );
    const faults = results.flatMap((result) =>
      result.status === "fulfilled" ? result.value : [result.reason],
    );
    if (faults.length > 0) throw combineErrors(faults, `verify found ${faults.length} faults`);
  }

  async close(options: { readonly timeout?: ConsumerOptions["lease"] } = {}): Promise<DrainReport> {
    // Checked before anything is closed: a mistake in the options must not cost the drain.
    const timeoutMs = closeTimeoutMs(options);
    // Includes consumers that are closing already: a later close may leave less time for their handlers.
    const drained = this.#drainAll(options);
    const closed = this.#closing.within(this.#clock, timeoutMs, async (time) => {
      return await this.#closeAll(drained, time);
    });
    // The producers may be closing already: they may have less time now.
    if (this.#isDrained && this.#closing.time !== undefined) void this.#flushAll(this.#closing.time);
    return await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drainAll(options: { readonly timeout?: ConsumerOptions["lease"] }): Promise<Drained> {
    return await Promise.allSettled(
      [...this.#consumers].map(async (consumer) => await consumer.close(options)),
    );
  }

  async #flushAll(time: DrainTime): Promise<readonly PromiseSettledResult<void>[]> {
    const withinMs = Math.max(LEAST_STEP_MS, time.leftMs(SEND_GRACE_MS));
    return await Promise.allSettled(
      [...this.#producers.values()].map(async (producer) => await producer.close(withinMs)),
    );
  }

  /** Closes the producers after the consumers, whose handlers may send, and the connections last. */
  async #closeAll(draining: Promise<Drained>, time: DrainTime): Promise<DrainReport> {
    const drained = await draining;
    this.#isDrained = true;
    const flushed = await this.#flushAll(time);
    this.#ending.abort(new QueueError("CLOSED", { what: "the client was closed" }));
    const errors = [...drained, ...flushed].flatMap((result): unknown[] =>
      result.status === "rejected" ? [result.reason] : [],
    );
    const closed = this.#connections.close((error) => errors.push(error));
    await time.allows(closed, END_GRACE_MS, LEAST_STEP_MS);
    if (errors.length > 0) throw combineErrors(errors, "closing the client failed in part");
    return this.#report;
  }

  #makeProducer(details: DefinitionDetails): AnyProducer {
    if (details.kind !== "queue" && details.kind !== "topic") {
      refuseKind(details, "It cannot be sent to: send to its queue or topic.");
    }
    const { connection, target } = this.#findFit(details);
    const { adapter, clock, provider } = connection;
    const { events, middleware, send } = this.#options;
    const made = (this.#madePerName.get(details.name) ?? 0) + 1;
    this.#madePerName.set(details.name, made);
    if (made === MANY_PRODUCERS) {
      const text = `${MANY_PRODUCERS} producers of ${JSON.stringify(details.name)} are open, one for each definition: define a ${details.kind} once, not for each send`;
      events.emit("notice", { target: target.name, text });
    }
    const checkEveryBody = provider.checksEveryBody === true;
    return createProducer({ details, adapter, target, clock, events, middleware, checkEveryBody, ...send });
  }

  #consumerSetup(place: Place, options: ConsumerOptions): ConsumerSetup {
    const { details, connection, target, route } = place;
    const { events, middleware, logger } = this.#options;
    const merged = overlay(route.consumer, options);
    const hasDeadLetters = (merged.deadLetter ?? details.policy.deadLetter) !== "none";
    return {
      details,
      adapter: connection.adapter,
      target,
      ...(details.kind === "dead-letter" && {
        locate: async (signal: AbortSignal) => await locateDeadLetters(place, this.#directory, signal),
      }),
      ...(hasDeadLetters && { deadLetterTarget: (facts) => deadLetterTarget(place, facts) }),
      options: merged,
      clock: connection.clock,
      events,
      middleware,
      logger,
    };
  }

  #findFit(details: DefinitionDetails): Place {
    const place = this.#directory.find(details);
    const unmet = unmetNeeds(details, place.target, place.connection.adapter.name);
    if (unmet.length > 0) throw combineErrors(unmet, "needs that cannot be met");
    return place;
  }

  #assertOpen(): void {
    if (this.#closing.time !== undefined) throw new QueueError("CLOSED", { what: "the client is closed" });
  }
}

function add(a: DrainReport, b: DrainReport): DrainReport {
  return {
    handled: a.handled + b.handled,
    released: a.released + b.released,
    unsettled: a.unsettled + b.unsettled,
    abandoned: a.abandoned + b.abandoned,
  };
}
