import { DEFAULTS } from "../client/defaults.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { DrainReport, Health } from "../queue-consumer.ts";
import type { QueueEvents } from "../telemetry/events.ts";
import { NOTHING_HANDLED } from "./drain.ts";
import { SharedClose, type DrainTime } from "../time/drain-time.ts";
import { pause } from "../time/pause.ts";
import { driverEvents } from "./engine.ts";
import { closeInTime, closeOpened, openConsumer, type OpenedConsumer } from "./open-consumer.ts";
import { Pipeline, type PipelineOptions } from "./pipeline.ts";
import { ReceiveFailures } from "./receive-failures.ts";

export interface ConsumerRunOptions extends Omit<PipelineOptions, "opened" | "onFatal"> {
  readonly isPaused: boolean;
}

/** One life of a consumer, from `run` to `close`. */
export class ConsumerRun {
  readonly #options: ConsumerRunOptions;
  readonly #closeRequest = Promise.withResolvers<DrainTime>();
  readonly #ended = Promise.withResolvers<DrainReport>();
  #phase: "starting" | "running" | "draining" | "closed" = "starting";
  #pipeline: Pipeline | undefined;
  #limit: number;
  #isPaused: boolean;
  readonly #closing = new AbortController();
  readonly #closed = new SharedClose<DrainReport>();
  #fatal: QueueError | undefined;
  #startTrouble: string | undefined;

  constructor(options: ConsumerRunOptions) {
    this.#options = options;
    this.#limit = options.limit;
    this.#isPaused = options.isPaused;
  }

  /** Resolves with the report of the final drain. Rejects after it if an error ended the run. */
  async run(): Promise<DrainReport> {
    let report = NOTHING_HANDLED;
    try {
      const opened = await this.#open();
      if (opened !== undefined) report = await this.#work(opened);
      if (this.#fatal !== undefined) throw this.#fatal;
      return report;
    } finally {
      this.#phase = "closed";
      this.#ended.resolve(report);
    }
  }

  /** All calls share one drain, whose end is the soonest that one of them asks for. Never rejects. */
  async close(timeoutMs: number): Promise<DrainReport> {
    return await this.#closed.within(this.#options.setup.clock, timeoutMs, async (time) => {
      this.#closing.abort();
      this.#closeRequest.resolve(time);
      return await this.#ended.promise;
    });
  }

  set limit(limit: number) {
    this.#limit = limit;
    if (this.#pipeline !== undefined) this.#pipeline.limit = limit;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#pipeline?.pause();
    if (this.#phase === "running") this.#emitState("paused");
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "running") return;
    this.#pipeline?.resume();
    this.#emitState("resumed");
  }

  health(): Health {
    const stall = this.#pipeline?.stall;
    const trouble = this.#phase === "starting" ? (this.#startTrouble ?? "starting") : this.#pipeline?.trouble;
    const reasons = [stall, trouble, this.#phase === "draining" ? "draining" : undefined];
    const given = reasons.filter((reason) => reason !== undefined);
    return { live: stall === undefined, ready: given.length === 0, reasons: given };
  }

  async #work(opened: OpenedConsumer): Promise<DrainReport> {
    if (this.#isClosing) {
      await closeInTime(this.#options.setup.clock, closeOpened(opened));
      return NOTHING_HANDLED;
    }
    const pipeline = new Pipeline({
      ...this.#options,
      opened,
      limit: this.#limit,
      onFatal: (error) => {
        this.#fatal ??= error;
        void this.close(DEFAULTS.drainMs);
      },
    });
    this.#pipeline = pipeline;
    this.#phase = "running";
    if (this.#isPaused) pipeline.pause();
    pipeline.start();
    this.#emitState("started");
    const time = await this.#closeRequest.promise;
    this.#phase = "draining";
    this.#emitState("draining");
    const report = await pipeline.drain(time);
    this.#emitState("closed");
    return report;
  }

  /** Tries until the broker can be reached. Undefined: closed meanwhile. Rejects if waiting cannot help. */
  async #open(): Promise<OpenedConsumer | undefined> {
    const { setup, settings } = this.#options;
    const flow = { maxOutstanding: this.#isPaused ? 0 : this.#limit, lanes: this.#limit };
    const events = driverEvents(setup, () => this.#pipeline?.engine);
    const failures = new ReceiveFailures({ ...setup, target: setup.target.name });
    while (!this.#isClosing) {
      try {
        return await openConsumer(setup, settings, { mode: "stream", flow, events }, this.#closing.signal);
      } catch (thrown) {
        const error = wrapDriverError(setup.adapter, setup.target, "open", thrown);
        if (this.#isClosing && error.retryable) break;
        if (!error.retryable) throw error;
        await this.#waitToRetry(failures, error);
      }
    }
    return undefined;
  }

  async #waitToRetry(failures: ReceiveFailures, error: QueueError): Promise<void> {
    const delayMs = failures.failed(error);
    this.#startTrouble = `the start fails (${failures.count}): ${error.message}`;
    await pause(this.#options.setup.clock, delayMs, this.#closing.signal);
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #emitState(state: QueueEvents["state"]["state"]): void {
    this.#options.setup.events.emit("state", { target: this.#options.setup.target.name, state });
  }
}
