import { countProblems, expects, optionProblems, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { composeHandle } from "../middleware/compose.ts";
import type {
  BatchHandler,
  DrainReport,
  Handler,
  Health,
  QueueConsumer,
  ReceivedMessage,
} from "../queue-consumer.ts";
import { durationProblems } from "../message/check-policy.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import { Gatherer } from "./batch-run.ts";
import { ConsumerRun } from "./consumer-run.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import { NOTHING_HANDLED } from "./drain.ts";
import { consumerClosing, Puller } from "./pull.ts";
import {
  checkConcurrency,
  closeTimeoutMs,
  resolveOptions,
  type ConsumerSettings,
} from "./resolve-options.ts";
import { RateLimit } from "./rate-limit.ts";
import { SettledMemory } from "./settled-memory.ts";

/** Creates a consumer without I/O. @throws INVALID_ARGUMENT for invalid options */
export function createConsumer<Body>(setup: ConsumerSetup): QueueConsumer<Body> {
  return new Consumer<Body>(setup);
}

const DEFAULT_BATCH_SIZE = 10;
const HEALTHY: Health = /* @__PURE__ */ Object.freeze({ live: true, ready: true, reasons: [] });

/** Either runs a handler or hands over messages on request. After `close` it can start again. */
class Consumer<Body> implements QueueConsumer<Body> {
  readonly #setup: ConsumerSetup;
  readonly #settings: ConsumerSettings;
  /** Kept across restarts: a redelivery may reach the next run. */
  readonly #memory = new SettledMemory();
  /** Kept, too: its spans do not begin anew. */
  readonly #rateLimit: RateLimit | undefined;
  #concurrency: number;
  #isPaused = false;
  #run: { readonly life: ConsumerRun; readonly batchSize: number; readonly gatherer?: Gatherer } | undefined;
  #puller: Puller | undefined;
  #closing: Promise<DrainReport> | undefined;
  /** Report of the previous life, for a later `close`: a run that failed has rejected without it. */
  #last: DrainReport | undefined;

  constructor(setup: ConsumerSetup) {
    this.#setup = setup;
    this.#settings = resolveOptions(setup.options, setup.details.policy);
    const { concurrency, rateLimit } = this.#settings;
    this.#concurrency = concurrency;
    this.#rateLimit = rateLimit && new RateLimit(rateLimit.count, rateLimit.perMs);
  }

  async run(handler: Handler<Body>): Promise<DrainReport> {
    refuseProblems(handlerProblems(handler, "run"));
    return await this.#start(handler as Handler<unknown>, 1);
  }

  async runBatch(
    handler: BatchHandler<Body>,
    batch: { readonly size?: number | undefined; readonly wait?: Duration | undefined } = {},
  ): Promise<DrainReport> {
    refuseProblems(handlerProblems(handler, "runBatch"));
    refuseProblems(optionProblems(batch, { size: countProblems, wait: durationProblems }, "runBatch"));
    const { size = DEFAULT_BATCH_SIZE, wait = "0ms" } = batch;
    const gatherer = new Gatherer(handler as BatchHandler<unknown>, {
      size,
      waitMs: durationToMs(wait),
      concurrency: () => this.#concurrency,
      clock: this.#setup.clock,
    });
    return await this.#start(gatherer.handler, size, gatherer);
  }

  async receive(
    options: NonNullable<Parameters<QueueConsumer<Body>["receive"]>[0]> = {},
  ): Promise<readonly ReceivedMessage<Body>[]> {
    return (await this.#pull().receive(options)) as readonly ReceivedMessage<Body>[];
  }

  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage<Body>> {
    return this.#pull().messages() as AsyncIterator<ReceivedMessage<Body>>;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  set concurrency(concurrency: number) {
    checkConcurrency(concurrency);
    this.#concurrency = concurrency;
    if (this.#run === undefined) return;
    this.#run.life.limit = concurrency * this.#run.batchSize;
    this.#run.gatherer?.startWaiting();
  }

  pause(): void {
    this.#isPaused = true;
    this.#run?.life.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#run?.life.resume();
  }

  health(): Health {
    return this.#run?.life.health() ?? HEALTHY;
  }

  async close(options: { readonly timeout?: Duration | undefined } = {}): Promise<DrainReport> {
    const timeoutMs = closeTimeoutMs(options);
    const ending = this.#run?.life ?? this.#puller;
    if (ending === undefined) return this.#last ?? NOTHING_HANDLED;
    const ended = ending.close(timeoutMs); // each call: it may leave less time
    return await (this.#closing ??= this.#end(ended));
  }

  /** Once it resolves, the consumer can start again: nothing of this close may happen later. */
  async #end(ended: Promise<DrainReport>): Promise<DrainReport> {
    const report = await ended;
    this.#over(report);
    return report;
  }

  #over(report: DrainReport): void {
    this.#last = report;
    this.#run = undefined;
    this.#puller = undefined;
    this.#closing = undefined;
    this.#setup.onClosed?.(report);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(handler: Handler<unknown>, batchSize: number, gatherer?: Gatherer): Promise<DrainReport> {
    this.#refuseSecondUse();
    const { middleware, target } = this.#setup;
    const isWrapped = middleware.some((one) => "handle" in one);
    const life = new ConsumerRun({
      setup: this.#setup,
      settings: this.#settings,
      memory: this.#memory,
      rateLimit: this.#rateLimit,
      handle: isWrapped ? composeHandle(middleware, handler, target.name) : handler,
      limit: this.#concurrency * batchSize,
      isPaused: this.#isPaused,
      onLast: () => gatherer?.waitForNoMore(),
      onStopped: () => gatherer?.freeStopped(),
    });
    this.#setup.onOpened?.();
    this.#run = { life, batchSize, ...(gatherer && { gatherer }) };
    try {
      return await life.run();
    } finally {
      const report = await life.close(0);
      if (this.#run?.life === life && this.#closing === undefined) this.#over(report);
    }
  }

  #pull(): Puller {
    if (this.#run !== undefined || this.#closing !== undefined) this.#refuseSecondUse();
    if (this.#puller === undefined) {
      this.#setup.onOpened?.();
      this.#puller = new Puller({ setup: this.#setup, settings: this.#settings, memory: this.#memory });
    }
    return this.#puller;
  }

  #refuseSecondUse(): void {
    if (this.#closing !== undefined) throw consumerClosing(this.#setup);
    if (this.#run === undefined && this.#puller === undefined) return;
    throw new QueueError("INVALID_ARGUMENT", {
      what:
        this.#run === undefined ? "this consumer is used with receive()" : "this consumer is running already",
      remedy: "Close it first, or make another consumer.",
      target: this.#setup.target.name,
    });
  }
}

const handlerProblems = expects("a handler", (handler) => typeof handler === "function");
