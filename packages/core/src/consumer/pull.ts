import type { Delivery } from "../driver/delivery.ts";
import { QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { DrainReport, ReceivedMessage } from "../queue-consumer.ts";
import { cancelledError } from "../time/abort.ts";
import { orAborted } from "../time/or-aborted.ts";
import { pause } from "../time/pause.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import { drain, NOTHING_HANDLED } from "./drain.ts";
import { SharedClose, type DrainTime } from "../time/drain-time.ts";
import { answerInTime } from "./answer-in-time.ts";
import { EMPTY_PAUSE_MS, EmptyAnswers } from "./empty-answers.ts";
import { createEngine, driverEvents, sharedSteps, type Engine } from "./engine.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import { knownMessagesFor } from "./known-messages.ts";
import { leaseLost } from "./lease.ts";
import { openConsumer } from "./open-consumer.ts";
import { admitAll, holdAll, type PulledMessage } from "./pull-admission.ts";
import { ReceiveFailures } from "./receive-failures.ts";
import { checkedOptions, type ReceiveOptions } from "./receive-options.ts";
import type { ConsumerSettings } from "./resolve-options.ts";
import type { SettledMemory } from "./settled-memory.ts";
import { Watchdog } from "./watchdog.ts";

export interface PullerOptions {
  readonly setup: ConsumerSetup;
  readonly settings: ConsumerSettings;
  readonly memory: SettledMemory;
}

/** Messages on request, with leases kept until they are settled. No lanes: order is the application's job. */
export class Puller {
  readonly #options: PullerOptions;
  readonly #closing = new AbortController();
  #opening: Promise<Engine> | undefined;
  #engine: Engine | undefined;
  /** Asks in flight and the handling of their answers, but no answers: a `Set` would keep those for long. */
  readonly #asks = new Set<Promise<void>>();
  readonly #closed = new SharedClose<DrainReport>();

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage<unknown>[]> {
    const { max, waitMs } = checkedOptions(options);
    const pulled = await this.#receive(max, waitMs, options.signal);
    return pulled.map(({ message }) => message);
  }

  /** Yields messages one by one while the consumer is open. Leaving the loop gives back unsettled ones. */
  async *messages(): AsyncGenerator<ReceivedMessage<unknown>, void, undefined> {
    const { setup } = this.#options;
    const failures = new ReceiveFailures({ ...setup, target: setup.target.name });
    let handedOver: PulledMessage[] = [];
    try {
      while (!this.isClosed) {
        const batch = await this.#nextBatch(failures);
        handedOver = [...handedOver.filter((pulled) => pulled.held.state === "waiting"), ...batch];
        // A message that waits for its turn may be lost or given back by a close: it is handled elsewhere.
        for (const { message, held } of batch) {
          this.#engine?.keeper.checkSleep(); // the message before it may have blocked the event loop
          if (held.state === "waiting") yield message;
        }
      }
    } catch (error) {
      // A close during an ask ends the loop as one between two messages does.
      if (!this.isClosed) throw error;
    } finally {
      await Promise.all(handedOver.map(async ({ message }) => await message[Symbol.asyncDispose]()));
    }
  }

  /** Gives back what is not settled. Never rejects; all calls share one drain, and its soonest end counts. */
  async close(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#options.setup;
    return await this.#closed.within(clock, timeoutMs, async (time) => await this.#drain(time));
  }

  /** What waiting may cure is reported and tried again, as `run` does, after a pause that a close ends. */
  async #nextBatch(failures: ReceiveFailures): Promise<PulledMessage[]> {
    try {
      const { receive } = (await this.#open()).opened.target.limits;
      const maxItems = Math.min(receive.maxItems, ITERATOR_ITEMS);
      const batch = await this.#receive(maxItems, receive.maxWaitMs, undefined);
      failures.succeeded();
      return batch;
    } catch (thrown) {
      const { adapter, clock, target } = this.#options.setup;
      const error = wrapDriverError(adapter, target, "receive", thrown);
      const isOver = this.#engine === undefined ? !error.retryable : failures.isFatal(error);
      if (this.isClosed || isOver) throw error;
      await pause(clock, failures.failed(error), this.#closing.signal);
      return [];
    }
  }

  async #receive(max: number, waitMs: number, signal: AbortSignal | undefined): Promise<PulledMessage[]> {
    const { clock } = this.#options.setup;
    const engine = await this.#openUnless(signal);
    const stop =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const deadlineMs = clock.now() + waitMs;
    const watchdog = new Watchdog(clock, () => {});
    watchdog.start();
    const empty = new EmptyAnswers();
    try {
      for (;;) {
        this.#refuseAborted(signal);
        const askedAtMs = clock.now();
        const asking = this.#ask(engine, max, Math.max(0, deadlineMs - askedAtMs), watchdog, stop);
        const over = asking.then(
          () => {},
          () => {},
        );
        this.#asks.add(over);
        const pulled = await asking.finally(() => this.#asks.delete(over));
        if (pulled.length === 0) this.#refuseAborted(signal);
        const nowMs = clock.now();
        if (pulled.length > 0 || this.isClosed || nowMs >= deadlineMs) return pulled;
        if (empty.areTooMany(0, nowMs - askedAtMs)) {
          await pause(clock, Math.min(EMPTY_PAUSE_MS, deadlineMs - nowMs), stop);
          if (this.isClosed) return [];
        }
      }
    } finally {
      watchdog.stop();
    }
  }

  /** The start goes on if the caller does not wait for it: the next call may find it done. */
  async #openUnless(signal: AbortSignal | undefined): Promise<Engine> {
    if (signal === undefined) return await this.#open();
    this.#refuseAborted(signal);
    return await orAborted(this.#open(), signal, () => {
      throw this.#cancelled(signal);
    });
  }

  #refuseAborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw this.#cancelled(signal);
  }

  #cancelled(signal: AbortSignal): QueueError {
    const { target } = this.#engine?.opened ?? this.#options.setup;
    return cancelledError(signal, { operation: "receive", target: target.name });
  }

  /** A failed start is tried again by the next call. */
  async #open(): Promise<Engine> {
    this.#refuseClosed();
    this.#opening ??= this.#openEngine().catch((error: unknown) => {
      this.#opening = undefined;
      this.#refuseClosed();
      throw error;
    });
    return await this.#opening;
  }

  #refuseClosed(): void {
    if (this.isClosed) throw consumerClosing(this.#options.setup);
  }

  async #openEngine(): Promise<Engine> {
    const { setup, settings, memory } = this.#options;
    const options = {
      mode: "pull",
      flow: { maxOutstanding: PULL_OUTSTANDING, lanes: settings.concurrency },
      events: driverEvents(setup, () => this.#engine),
    } as const;
    const opened = await openConsumer(setup, settings, options, this.#closing.signal);
    this.#engine = createEngine({
      setup,
      settings,
      opened,
      memory,
      known: knownMessagesFor(opened),
      lanes: undefined,
      lingerMs: 0,
      handle: () => undefined,
      hooks: { left: () => {}, ready: () => {}, fatal: () => {}, lastAsk: () => 0 },
      onWake: (held) => {
        this.#wake(held);
      },
    });
    return this.#engine;
  }

  #wake(held: HeldDelivery): void {
    const { executor } = this.#engine ?? {};
    if (held.state === "waiting") {
      held.abort(leaseLost("the message was held as long as it may be"));
      executor?.giveBack(held);
    } else {
      executor?.wake(held);
    }
  }

  async #ask(
    engine: Engine,
    maxItems: number,
    leftMs: number,
    watchdog: Watchdog,
    stop: AbortSignal,
  ): Promise<PulledMessage[]> {
    const { opened, toError } = engine;
    const { limits } = opened.target;
    const ask = {
      maxItems: Math.min(maxItems, limits.receive.maxItems),
      waitMs: Math.min(leftMs, limits.receive.maxWaitMs),
    };
    let held: HeldDelivery[] = [];
    try {
      const { clock } = this.#options.setup;
      const before = watchdog.stalledMs();
      const late = (deliveries: readonly Delivery<unknown>[]): void =>
        giveBack(engine, holdAll(engine, deliveries, 0));
      const answer = opened.driver.receiveBatch(ask, stop);
      const { deliveries, fault } = await answerInTime(clock, ask.waitMs, stop, answer, late);
      held = holdAll(engine, deliveries, watchdog.waitedMs(before));
      // Who asked for one takes one: nobody would settle the others.
      giveBack(engine, held.splice(ask.maxItems));
      if (fault !== undefined && held.length === 0) throw fault;
    } catch (error) {
      if (!stop.aborted) throw toError("receive", error);
    }
    // A schema may take its time, or never answer.
    const pulled = stop.aborted ? [] : await orAborted(admitAll(held, engine), stop, () => []);
    if (!stop.aborted) return pulled.flatMap((one) => (one?.held.state === "waiting" ? [one] : []));
    giveBack(
      engine,
      held.filter(({ state }) => state === "waiting"),
    );
    return [];
  }

  async #drain(time: DrainTime): Promise<DrainReport> {
    this.#closing.abort();
    await this.#opening?.catch(() => {});
    const engine = this.#engine;
    if (engine === undefined) return NOTHING_HANDLED;
    const { executor, keeper } = engine;
    executor.tally.isDraining = true;
    // Somebody else may have the message from then on.
    const reason = new QueueError("CANCELLED", { what: "the consumer closed, and the message went back" });
    return await drain(
      {
        ...sharedSteps(engine, this.#options.setup),
        // The deliveries of asks in flight must go back before the requests are cut off.
        stopAsking: async () => void (await Promise.all(this.#asks)),
        giveBackUnstarted: () => {
          const unsettled = keeper.holders().filter(({ state }) => state === "waiting" || state === "parked");
          for (const held of unsettled) {
            if (held.state === "waiting") {
              held.abort(reason);
              executor.giveBack(held);
            } else executor.unpark(held); // otherwise an awaited retry would never end
          }
        },
        idle: async () => {},
        abortHandlers: () => {},
        giveBackRunning: () => {},
        report: () => executor.tally.report(0),
      },
      time,
    );
  }
}

/** The error of using a consumer that is closing. */
export function consumerClosing({ adapter, target }: Pick<ConsumerSetup, "adapter" | "target">): QueueError {
  return new QueueError("CLOSED", {
    what: "the consumer is closing",
    remedy: "Use it again when close() has resolved, or make another consumer.",
    operation: "receive",
    provider: adapter.name,
    target: target.name,
  });
}

/** Most messages in one ask of the iterator. Those not consumed go back. */
const ITERATOR_ITEMS = 10;
/** Flow of a driver whose broker pushes. The application decides how much it takes. */
const PULL_OUTSTANDING = 1_000;

function giveBack({ executor }: Engine, held: readonly HeldDelivery[]): void {
  for (const one of held) executor.giveBack(one);
}
