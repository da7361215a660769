import { resolveOptions as resolveClientOptions } from "../client/client-options.ts";
import type { ClientOptions } from "../client/client-types.ts";
import type { EventBatch, Outcome } from "../driver/event-source.ts";
import {
  countProblems,
  functionProblems,
  isRecord,
  noProblems,
  optionProblems,
  refuseProblems,
  type Checks,
} from "../errors/check-options.ts";
import { durationProblems } from "../message/check-policy.ts";
import { sourceOf, type DefinitionDetails, type Source } from "../message/queue-definition.ts";
import { composeHandle } from "../middleware/compose.ts";
import type { BatchHandler, ConsumerOptions, Handler } from "../queue-consumer.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import { Gatherer } from "./batch-run.ts";
import { eventDeadline } from "./event-deadline.ts";
import { EventRun } from "./event-run.ts";
import { checkedBatch, UNNAMED_ADAPTER } from "./event-target.ts";
import { RateLimit } from "./rate-limit.ts";
import { CONSUMER_OPTIONS, resolveOptions, type ConsumerSettings } from "./resolve-options.ts";
import { SettledMemory } from "./settled-memory.ts";
import { refuseMisfit } from "./start-checks.ts";

/**
 * Options of a function's handler: those of a consumer without `prefetch` (the platform fetches), and the
 * clock, listener, logger and middleware that a worker gets from its client.
 */
export interface EventEngineOptions
  extends
    Omit<ConsumerOptions, "prefetch">,
    Pick<ClientOptions, "clock" | "listener" | "logger" | "middleware"> {
  /**
   * The work stops this long before the platform ends a call: nothing starts any more, signals abort, and
   * unfinished messages are reported as such. Longer for handlers that need time to stop. @default a tenth of
   * the call's time, from "1s" to "10s"
   */
  readonly deadlineMargin?: Duration | undefined;
}

/** How a function handles messages: one per call of the handler, or up to `size` (a whole number from 1). */
export type EventWork<Body> =
  | { readonly handler: Handler<Body> }
  | { readonly batchHandler: BatchHandler<Body>; readonly size: number };

/** The outcomes of the messages of one event. */
export interface EventResult {
  /** One outcome per delivery, in their order: what the source reports to the platform. */
  readonly outcomes: readonly Outcome[];
  /**
   * Call this if the reply did not reach the platform. Handled messages that come to this process again are
   * then acked without their handler.
   */
  replyFailed(): void;
}

/** The engine of a consumer, for messages that a platform brings. */
export interface EventEngine {
  /**
   * Handles the messages of one event within the platform's time. Several calls may run at once; they share
   * `concurrency` and `rateLimit`.
   * @throws UNSUPPORTED or INVALID_ARGUMENT for a need or an option that the event's queue cannot meet
   */
  process(batch: EventBatch): Promise<EventResult>;
  /** Emits `event-refused` for a call that the source answered although none of it was handled. */
  refused(error: unknown): void;
}

/**
 * Makes the engine behind `createHandler` of `@anyqueue/serverless`. Applications use that function; use this
 * one to call an {@link EventSource} in another way. No I/O.
 * @throws INVALID_ARGUMENT with every problem of options and work, or for the definition of a topic
 */
export function createEventEngine<Body>(
  definition: Source<Body>,
  work: EventWork<Body>,
  options: EventEngineOptions = {},
): EventEngine {
  return new Engine(definition, work as EventWork<unknown>, options);
}

/** Otherwise a function with one second would silently give everything back until the queue moves it. */
const NO_TIME =
  "nothing was started: a call has less time than is kept free of it, a second at least; allow the function more, or keep less free with deadlineMargin";

class Engine implements EventEngine {
  readonly #details: DefinitionDetails;
  /** The same without the needs of its sender. */
  readonly #received: DefinitionDetails;
  readonly #work: EventWork<unknown>;
  readonly #clock: Clock;
  readonly #client: ReturnType<typeof resolveClientOptions>;
  readonly #settings: ConsumerSettings;
  readonly #marginMs: number | undefined;
  readonly #rateLimit: RateLimit | undefined;
  /** Kept across calls: a platform reuses a process. */
  readonly #memory = new SettledMemory();
  readonly #runs = new Set<EventRun>();
  /** Gatherers of the events whose batches may run. */
  readonly #gatherers = new Set<Gatherer>();
  readonly #told = new Set<string>();

  constructor(definition: Source, work: EventWork<unknown>, options: EventEngineOptions) {
    refuseProblems([...problemsOf(options), ...workProblems(work)]);
    const details = sourceOf(definition);
    const { clock, listener, logger, middleware, deadlineMargin, ...consumer } = options;
    this.#details = details;
    this.#received = { ...details, needs: details.needs.filter((need) => need === "ordering") };
    this.#work = work;
    this.#clock = clock ?? systemClock;
    this.#client = resolveClientOptions({ listener, logger, middleware });
    this.#settings = resolveOptions(consumer, details.policy);
    this.#marginMs = deadlineMargin === undefined ? undefined : durationToMs(deadlineMargin);
    const { rateLimit } = this.#settings;
    this.#rateLimit = rateLimit && new RateLimit(rateLimit.count, rateLimit.perMs);
  }

  refused(error: unknown): void {
    this.#client.events.emit("event-refused", { target: `event:${this.#details.name}`, error });
  }

  async process(batch: EventBatch): Promise<EventResult> {
    const { opened, deliveries, error } = checkedBatch(this.#details, this.#settings, batch);
    const { target } = opened;
    // One function may serve several queues, and Service Bus numbers the messages of each from 1.
    const memory = this.#memory.of(target.name);
    for (const delivery of deliveries)
      if (batch.wasSettled?.(delivery.providerId) === true) memory.add(delivery);
    const adapter = batch.adapter ?? UNNAMED_ADAPTER;
    refuseMisfit(
      { details: this.#received, settings: this.#settings, target, facts: undefined },
      adapter.name,
    );
    const { logger, events } = this.#client;
    this.#notify(target.name, batch.notices);
    if (error !== undefined) this.#notify(target.name, [error.message]);
    if (!this.#hasTime(batch)) this.#notify(target.name, [NO_TIME]);
    const work = "handler" in this.#work ? this.#work : this.#gather(this.#work);
    const gatherer = work instanceof Gatherer ? work : undefined;
    const run = new EventRun({
      batch,
      deliveries,
      error,
      opened,
      setup: {
        details: this.#details,
        clock: this.#clock,
        adapter,
        logger,
        events,
      },
      settings: this.#settings,
      memory,
      handle: this.#inMiddleware(work.handler, target.name),
      limit: this.#limit,
      marginMs: this.#marginMs,
      rateLimit: this.#rateLimit,
      mayStart: () => this.#running() < this.#limit,
      onRoom: () => {
        this.#startReady();
      },
      onStopped: () => {
        gatherer?.freeStopped();
        this.#startWaiting();
      },
    });
    this.#runs.add(run);
    if (gatherer !== undefined) this.#gatherers.add(gatherer);
    try {
      const outcomes = await run.run();
      return { outcomes, replyFailed: () => run.rememberDone() };
    } finally {
      this.#runs.delete(run);
      if (gatherer !== undefined) this.#gatherers.delete(gatherer);
      // The permits of an abandoned handler are free for the other events.
      this.#startReady();
      this.#startWaiting();
    }
  }

  #hasTime({ remainingMs }: EventBatch): boolean {
    return remainingMs === undefined || eventDeadline(remainingMs(), this.#marginMs).stopInMs > 0;
  }

  /** Emits each sentence once, as a worker does at its start. */
  #notify(target: string, notices: readonly string[] = []): void {
    for (const text of notices) {
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      this.#client.events.emit("notice", { target, text });
    }
  }

  #startReady(): void {
    for (const run of this.#runs) run.startReady();
  }

  get #limit(): number {
    const size = "size" in this.#work ? this.#work.size : 1;
    return this.#settings.concurrency * size;
  }

  #running(): number {
    let running = 0;
    for (const run of this.#runs) running += run.running;
    return running;
  }

  #inMiddleware(handler: Handler<unknown>, target: string): Handler<unknown> {
    const { middleware } = this.#client;
    return middleware.some((one) => "handle" in one) ? composeHandle(middleware, handler, target) : handler;
  }

  /** A batch holds messages of one event only: another may end earlier. All batches share `concurrency`. */
  #gather({ batchHandler, size }: Extract<EventWork<unknown>, { readonly size: number }>): Gatherer {
    const concurrency = (): number => this.#settings.concurrency - this.#batchesBeside(gatherer);
    const onEnd = (): void => this.#startWaiting();
    const gatherer = new Gatherer(batchHandler, { size, waitMs: 0, concurrency, clock: this.#clock, onEnd });
    return gatherer;
  }

  #batchesBeside(gatherer: Gatherer): number {
    let running = 0;
    for (const each of this.#gatherers) if (each !== gatherer) running += each.running;
    return running;
  }

  #startWaiting(): void {
    for (const gatherer of this.#gatherers) gatherer.startWaiting();
  }
}

function problemsOf(options: unknown): string[] {
  const { prefetch: _, ...ofConsumers } = CONSUMER_OPTIONS;
  const checks: Checks = {
    ...ofConsumers,
    clock: noProblems,
    listener: noProblems,
    logger: noProblems,
    middleware: noProblems,
    deadlineMargin: durationProblems,
  };
  if (!isRecord(options)) return optionProblems(options, checks, "options");
  const { prefetch, ...others } = options;
  if (prefetch === undefined) return optionProblems(others, checks, "options");
  return ["options.prefetch: a function fetches nothing, the platform does; leave it out"];
}

function workProblems(work: EventWork<unknown>): string[] {
  const handler: unknown = "handler" in work ? work.handler : work.batchHandler;
  return [
    ...functionProblems(handler, "handler"),
    ...("size" in work ? countProblems(work.size, "size") : []),
  ];
}
