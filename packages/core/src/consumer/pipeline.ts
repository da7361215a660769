import { DEFAULTS } from "../client/defaults.ts";
import { randomOf } from "../time/clock.ts";
import type { Delivery } from "../driver/delivery.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { DrainReport } from "../queue-consumer.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { drain } from "./drain.ts";
import type { DrainTime } from "../time/drain-time.ts";
import { driverEvents, sharedSteps, type Engine } from "./engine.ts";
import { knownMessagesFor } from "./known-messages.ts";
import { PaceMeter } from "./prefetch-size.ts";
import { ReceiveLoop } from "./receive-loop.ts";
import { Room } from "./room.ts";
import { ToldFlow } from "./told-flow.ts";
import { Watchdog } from "./watchdog.ts";
import { createWorkEngine, type WorkEngine, type WorkEngineOptions } from "./work-engine.ts";
import type { Worker } from "./worker.ts";

export interface PipelineOptions extends Pick<
  WorkEngineOptions,
  "settings" | "opened" | "memory" | "rateLimit" | "handle" | "limit" | "onStopped"
> {
  readonly setup: ConsumerSetup;
  readonly onFatal: (error: QueueError) => void;
  /** Called when no further handler will start. */
  readonly onLast: () => void;
}

/** Wires the parts of a running consumer, from the ask to the settlement. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #engine: WorkEngine;
  readonly #dispatcher: Dispatcher;
  readonly #worker: Worker;
  readonly #loop: ReceiveLoop;
  readonly #room: Room;
  readonly #flow: ToldFlow;
  readonly #watchdog: Watchdog;
  #isPaused = false;
  #idleAgain: PromiseWithResolvers<void> | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { setup, opened } = options;
    const { clock, events } = setup;
    const { target, driver } = opened;
    this.#watchdog = new Watchdog(clock, () => {
      this.#check();
    });
    this.#engine = this.#newEngine();
    this.#dispatcher = this.#engine.dispatcher;
    this.#worker = this.#engine.worker;
    const pace = new PaceMeter(clock.now());
    this.#room = this.#newRoom(pace);
    this.#flow = this.#newFlow();
    this.#loop = new ReceiveLoop({
      target: target.name,
      driver,
      limits: target.limits,
      clock,
      events,
      random: setup.random ?? randomOf(setup.clock),
      toError: this.#engine.toError,
      room: this.#room,
      dispatcher: this.#dispatcher,
      worker: this.#worker,
      pace,
      accept: (deliveries, ask, stalledAtMs) => {
        this.#accept(deliveries, ask, stalledAtMs);
      },
      refuse: (deliveries, ask) => {
        this.#worker.refuse(deliveries, ask);
      },
      onFatal: options.onFatal,
      watchdog: this.#watchdog,
    });
  }

  get engine(): Engine {
    return this.#engine;
  }

  start(): void {
    this.#watchdog.start();
    if (this.#isPaused) return;
    this.#flow.open();
    this.#loop.start();
  }

  set limit(limit: number) {
    this.#dispatcher.limit = limit;
    this.#flow.renew();
    this.#loop.wake();
  }

  /** Starts nothing new, and gives back deliveries that no handler has started. */
  pause(): void {
    this.#isPaused = true;
    this.#dispatcher.stop();
    this.#flow.close();
    void this.#loop.pause();
    this.#worker.giveBackUnstarted();
  }

  resume(): void {
    this.#isPaused = false;
    this.#dispatcher.resume();
    this.#flow.open();
    this.#loop.start();
  }

  /** Why the broker is out of reach. Undefined: it is in reach. */
  get trouble(): string | undefined {
    return this.#loop.trouble;
  }

  /** Why this process makes no progress. Undefined: it does. */
  get stall(): string | undefined {
    return this.#watchdog.stall();
  }

  async drain(time: DrainTime): Promise<DrainReport> {
    const { executor } = this.#engine;
    const steps = sharedSteps(this.#engine, this.#options.setup);
    this.#dispatcher.stop();
    executor.tally.isDraining = true;
    this.#flow.close();
    return await drain(
      {
        ...steps,
        stopAsking: async () => await this.#loop.stop(),
        giveBackUnstarted: () => {
          this.#worker.giveBackUnstarted();
          this.#options.onLast();
        },
        idle: async () => await this.#idle(),
        abortHandlers: (reason) => {
          this.#worker.abortAll(reason);
        },
        giveBackRunning: () => {
          this.#worker.giveBackRunning();
        },
        stopLeases: async () => {
          this.#watchdog.stop();
          await steps.stopLeases();
        },
        report: () => {
          this.#worker.reportAbandoned();
          return executor.tally.report(this.#worker.active);
        },
      },
      time,
    );
  }

  #newEngine(): WorkEngine {
    const { opened, onFatal } = this.#options;
    return createWorkEngine({
      ...this.#options,
      known: knownMessagesFor(opened),
      lingerMs: opened.target.limits.receive.billed ? DEFAULTS.settleLingerMs : 0,
      hooks: {
        left: (held) => {
          this.#worker.leave(held);
          this.#flow.left();
          this.#loop.wake();
        },
        fatal: onFatal,
        lastAsk: () => this.#loop.lastAsk,
      },
      onTokens: () => {
        this.#loop.wake();
      },
      onRoom: () => {
        if (this.#engine.executor.tally.parked > 0) this.#flow.grow();
        this.#loop.wake();
      },
      onIdle: () => this.#idleAgain?.resolve(),
      onSettled: () => {
        if (this.#room.isSettlingLate) this.#loop.wake();
      },
      onAcked: (durationMs) => {
        this.#loop.acked(durationMs);
      },
    });
  }

  #newRoom(pace: PaceMeter): Room {
    const { settings, opened } = this.#options;
    const { executor, settler } = this.#engine;
    return new Room({
      prefetch: settings.prefetch,
      limits: opened.target.limits,
      leaseMs: opened.leaseMs,
      dispatcher: this.#dispatcher,
      lanes: this.#engine.lanes,
      pace,
      worker: this.#worker,
      tally: executor.tally,
      settler,
    });
  }

  #newFlow(): ToldFlow {
    const { setup, opened } = this.#options;
    return new ToldFlow({
      driver: opened.driver,
      room: this.#room,
      worker: this.#worker,
      tally: this.#engine.executor.tally,
      onFault: (error) => driverEvents(setup, () => this.#engine).fault(error),
    });
  }

  #check(): void {
    const { clock } = this.#options.setup;
    this.#engine.keeper.checkSleep();
    this.#worker.check(this.#engine.time.quick());
    for (const held of this.#engine.lanes?.expireBlocks(this.#engine.time.quick() - BLOCK_SLACK_MS) ?? []) {
      this.#dispatcher.offer(held);
    }
    this.#dispatcher.startReady();
    this.#loop.check(clock.now());
    // While handlers stand still no ask is answered: only this check notices that less is worth holding.
    if (this.#worker.outstanding > 0) this.#loop.samplePushed();
    this.#flow.fit();
  }

  #accept(deliveries: readonly Delivery<unknown>[], ask: number, stalledAtMs: number): void {
    this.#engine.keeper.checkSettling();
    this.#worker.accept(deliveries, ask, this.#watchdog.waitedMs(stalledAtMs));
    this.#flow.grow();
  }

  async #idle(): Promise<void> {
    if (this.#worker.active === 0) return;
    this.#idleAgain ??= Promise.withResolvers();
    await this.#idleAgain.promise;
  }
}

/** Longest wait for the message of a blocked key that should be here again by now. */
const BLOCK_SLACK_MS = 5_000;
