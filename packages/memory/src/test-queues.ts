import {
  createClient,
  type BodyOf,
  type ClientOptions,
  type Duration,
  type Handler,
  type Message,
  type QueueClient,
  type QueueDefinition,
  type SubscriptionDefinition,
} from "@anyqueue/core";
import { queueError } from "@anyqueue/core/adapter";
import {
  createVirtualClock,
  decodeDelivery,
  detailsOf,
  rawMessage,
  type DefinitionDetails,
  type VirtualClock,
} from "@anyqueue/core/testing";
import { checkOptionNames } from "./check-option-names.ts";
import { FaultPlan, type Fault } from "./fault-plan.ts";
import type { MemoryEngine } from "./memory-engine.ts";
import { memoryWithEngines, type MemoryProvider } from "./memory-provider.ts";
import { PeekedDelivery } from "./memory-wire.ts";
import { recorder, type Recorder } from "./recorder.ts";
import { untilIdle, WatchedClock } from "./until-idle.ts";

/** A closing client waits for handlers; here time runs as fast as it can, up to this limit. */
const CLOSE_WITHIN_MS = 600_000;

/** Options of {@link testQueues}. */
export interface TestQueuesOptions {
  /**
   * Shuffles deliveries (see `MemoryOptions`) and determines the jitter of retries. The same number gives the
   * same order at the same times. @default none: first in, first out
   */
  readonly seed?: number | undefined;
  /** `"explicit"`: an entity not created is NOT_FOUND. `"auto"`: first use creates it. @default "auto" */
  readonly create?: "auto" | "explicit" | undefined;
  /** What should go wrong; more can be added to `faults` of the result. @default nothing */
  readonly faults?: FaultPlan | readonly Fault[] | undefined;
  /** The wall time at the start. @default 2026-01-01T00:00:00Z */
  readonly startAt?: Date | undefined;
  /** Options of the client: logger, listener, middleware, send policy. @default those of `createClient` */
  readonly client?: Omit<ClientOptions, "clock"> | undefined;
}

const OPTION_NAMES = ["seed", "create", "faults", "startAt", "client"];

/** A decoded dead letter, with the reason why it was given up. */
export type DeadLetter<Body> = Message<Body> & { readonly reason: string };

/** Queues of one test, made by {@link testQueues}: in memory, on a clock that only the test moves. */
export interface TestQueues extends AsyncDisposable {
  /** Makes producers and consumers, as in the application. */
  readonly client: QueueClient<MemoryProvider>;
  /** The clock of these queues and their client. */
  readonly clock: VirtualClock;
  /** What should go wrong, and the calls that reached the queue so far. */
  readonly faults: FaultPlan;
  /** Lets time pass. Retries, delays and leases that come due on the way take effect in order. */
  advance(by: Duration): Promise<void>;
  /**
   * Resolves when no message is ready or in a handler. Messages that wait for a delay or retry do not count
   * (`advance` makes them due), nor do dead letters that nobody reads.
   */
  idle(): Promise<void>;
  /**
   * The dead letters of a queue or subscription, oldest first; they are not removed. Reading `body` throws
   * INVALID_MESSAGE if it cannot be decoded, UNSUPPORTED if the schema is asynchronous.
   */
  deadLettered<D extends QueueDefinition | SubscriptionDefinition>(
    definition: D,
  ): readonly DeadLetter<BodyOf<D>>[];
  /** Makes a handler that records what it is given: {@link recorder}. */
  recorder<Body = unknown>(inner?: Handler<Body>): Recorder<Body>;
  /** Closes the client. Time runs as fast as it can, up to ten minutes, for handlers that still run. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes queues for one test: a client in memory on a virtual clock. A retry in five minutes takes no time.
 *
 * @example
 * await using queues = await testQueues();
 * const seen = queues.recorder<Order>(({ body }) => {
 *   if (body.orderId === "bad") throw new Error("refused");
 * });
 * const run = queues.client.consumer(orders).run(seen);
 * await queues.client.producer(orders).send({ orderId: "bad" });
 * await queues.idle();
 * await queues.advance("1h"); // all five attempts
 * console.log(seen.runs.length, queues.deadLettered(orders)[0]?.reason); // 5 ATTEMPTS_SPENT
 * await queues.client.close();
 * await run;
 *
 * @throws INVALID_ARGUMENT for an unknown or illegal option
 */
export async function testQueues(options: TestQueuesOptions = {}): Promise<TestQueues> {
  checkOptionNames(options, OPTION_NAMES, "testQueues");
  const { seed, create, startAt, client: clientOptions } = options;
  const startWallMs = startAt === undefined ? undefined : Number(startAt);
  if (Number.isNaN(startWallMs)) {
    const what = "testQueues(): startAt: expected a valid Date";
    throw queueError("INVALID_ARGUMENT", { what, provider: "memory" });
  }
  const clock = createVirtualClock({ startWallMs, seed });
  const watched = new WatchedClock(clock);
  const faults = options.faults instanceof FaultPlan ? options.faults : new FaultPlan(options.faults);
  const { provider, engines } = memoryWithEngines({ clock: watched, seed, create, faults });
  const client = createClient("memory:", [provider], clientOptions);
  const engine = onlyEngine(engines);
  await clock.settle();
  return {
    client,
    clock,
    faults,
    advance: async (by) => {
      await clock.advance(by);
    },
    idle: async () => {
      await untilIdle(engine, clock, watched);
    },
    deadLettered: (definition) => deadLettersOf(engine, detailsOf(definition)),
    recorder,
    [Symbol.asyncDispose]: async () => {
      await closeWithin(client, clock);
    },
  };
}

function onlyEngine(engines: ReadonlyMap<string, MemoryEngine>): MemoryEngine {
  const [engine] = engines.values();
  if (engine !== undefined) return engine;
  throw queueError("INTERNAL", { what: "the client did not connect to memory:", provider: "memory" });
}

async function closeWithin(client: QueueClient<MemoryProvider>, clock: VirtualClock): Promise<void> {
  let isClosed = false;
  const closing = client.close().finally(() => {
    isClosed = true;
  });
  // The last line throws a rejection; until then it must not count as unhandled.
  closing.catch(() => undefined);
  const untilMs = clock.now() + CLOSE_WITHIN_MS;
  await clock.settle();
  while (!isClosed && (clock.nextTimerAt() ?? Number.POSITIVE_INFINITY) <= untilMs) {
    await clock.advanceToNextTimer();
  }
  await closing;
}

function deadLettersOf<Body>(engine: MemoryEngine, details: DefinitionDetails): DeadLetter<Body>[] {
  const mailbox = engine.findMailbox({
    kind: "dead-letter",
    name: details.name,
    ...(details.topic === undefined ? {} : { topic: details.topic }),
    features: [],
  });
  const stored = mailbox?.browse(engine.clock.now()) ?? [];
  return stored.map((message) => decoded<Body>(details, new PeekedDelivery(message)));
}

function decoded<Body>(details: DefinitionDetails, delivery: PeekedDelivery): DeadLetter<Body> {
  const reason = delivery.deadLetter?.reason ?? rawMessage(delivery).deadLettered?.reason ?? "";
  const letter = { ...rawMessage(delivery), reason };
  const body = lazyBody(details, delivery);
  // The definition's own codec and schema make the body: it has the definition's type, or reading throws.
  return Object.defineProperty(letter, "body", {
    get: body,
    enumerable: true,
  }) as unknown as DeadLetter<Body>;
}

/** A dead letter may not be decodable, and a test that only counts them must not fail because of that. */
function lazyBody(details: DefinitionDetails, delivery: PeekedDelivery): () => unknown {
  return () => {
    const message = decodeDelivery(details, delivery);
    if (!(message instanceof Promise)) return message.body;
    message.catch(() => undefined);
    throw queueError("UNSUPPORTED", {
      what: "the schema is asynchronous, so this dead letter cannot be decoded in place",
      remedy: "Read it with client.consumer(deadLetters(definition)).",
    });
  };
}
