import type { Delivery } from "../driver/delivery.ts";
import type { EventBatch, Outcome } from "../driver/event-source.ts";
import { QueueError } from "../errors/queue-error.ts";
import { within } from "../time/within.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { eventDeadline } from "./event-deadline.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import { UNSTARTED } from "./outcome-executor.ts";
import { createWorkEngine, type WorkEngine, type WorkEngineOptions } from "./work-engine.ts";
import type { Worker } from "./worker.ts";

export interface EventRunOptions extends Omit<WorkEngineOptions, "lingerMs" | "hooks"> {
  readonly batch: EventBatch;
  /** Those of the batch that can be taken in hand. */
  readonly deliveries: readonly Delivery<unknown>[];
  /** What is wrong with the others. */
  readonly error: QueueError | undefined;
  /** Undefined: the usual share of the time left. */
  readonly marginMs: number | undefined;
}

/** Longest wait for settlements, also in a call without a deadline. */
const FLUSH_WITHIN_MS = 15_000;

/** Runs one batch, from the event to its outcomes: the parts of a worker, without anything to fetch. */
export class EventRun {
  readonly #options: EventRunOptions;
  readonly #engine: WorkEngine;
  readonly #dispatcher: Dispatcher;
  readonly #worker: Worker;
  readonly #allLeft = Promise.withResolvers<void>();
  /** Aligned with the deliveries; undefined for one that was not taken in hand. */
  #held: readonly (HeldDelivery | undefined)[] = [];
  /** Aligned with the deliveries; empty until the end. */
  #outcomes: readonly Outcome[] = [];

  constructor(options: EventRunOptions) {
    this.#options = options;
    this.#engine = createWorkEngine({
      ...options,
      lingerMs: 0,
      hooks: {
        left: (held) => {
          this.#left(held);
        },
        // A message that cannot be settled is left to the reply, and reported.
        fatal: () => {},
        lastAsk: () => 0,
      },
      endsInMs: this.#deadline()?.stopInMs ?? Infinity,
    });
    this.#dispatcher = this.#engine.dispatcher;
    this.#worker = this.#engine.worker;
  }

  /** Handlers that hold a permit. */
  get running(): number {
    return this.#dispatcher.running;
  }

  startReady(): void {
    this.#dispatcher.startReady();
  }

  /** One outcome per delivery, in their order. Never rejects. */
  async run(): Promise<readonly Outcome[]> {
    const { clock } = this.#options.setup;
    const deadline = this.#deadline();
    this.#take();
    const { stopInMs, graceMs } = deadline ?? { stopInMs: Infinity, graceMs: 0 };
    if (stopInMs > 0) this.#dispatcher.resume();
    const isDone = stopInMs > 0 && (await within(clock, stopInMs, this.#allLeft.promise, true));
    // After a blocked event loop less is left than was planned.
    if (!isDone) await this.#stop(Math.min(graceMs, this.#leftMs() - graceMs));
    const leftMs = this.#leftMs() - (deadline?.replyMs ?? 0);
    await this.#engine.settler.flush(Math.max(0, Math.min(FLUSH_WITHIN_MS, leftMs)));
    // Without this, `stop` would wait beyond the end for a renewal that is not answered.
    this.#engine.cutOff.end();
    await this.#engine.keeper.stop();
    const { error } = this.#options;
    this.#outcomes = await Promise.all(
      this.#held.map(async (held) => (held === undefined ? retried(error) : await finalOutcome(held))),
    );
    return this.#outcomes;
  }

  /** Call when the reply failed: the platform redelivers what is done, and no handler should see it again. */
  rememberDone(): void {
    for (const [index, held] of this.#held.entries()) {
      const outcome = this.#outcomes[index];
      // A release is not done: a dead letter that could not be moved is still in its queue only.
      if (held !== undefined && outcome !== undefined && outcome.kind !== "release")
        this.#options.memory.add(held.delivery);
    }
  }

  /** Takes all deliveries in hand, and records their places, before any of them starts. */
  #take(): void {
    const { batch, deliveries } = this.#options;
    this.#dispatcher.stop();
    this.#worker.accept(deliveries, 0, 0);
    const places = new Map(this.#engine.keeper.holders().map((held) => [held.delivery, held]));
    this.#held = batch.deliveries.map((delivery) => places.get(delivery));
    if (deliveries.length === 0) this.#allLeft.resolve();
  }

  /** Ends the run when the platform's time is over. Messages given back have not failed. */
  async #stop(graceMs: number): Promise<void> {
    const { clock } = this.#options.setup;
    // From now on a failed message waits for no delay here: nothing would wake it.
    this.#engine.executor.tally.isDraining = true;
    this.#stopStarting();
    if (this.#worker.outstanding === 0) return;
    this.#worker.abortAll(
      new QueueError("CANCELLED", {
        what: "the platform's time for this call is over",
        remedy: "Stop; the message is given back. Allow the function more time, or give it fewer messages.",
        target: this.#options.opened.target.name,
      }),
    );
    if (await within(clock, graceMs, this.#allLeft.promise, true)) return;
    this.#worker.giveBackRunning();
    this.#worker.reportAbandoned();
  }

  #stopStarting(): void {
    this.#dispatcher.stop();
    this.#worker.giveBackUnstarted();
  }

  #left(held: HeldDelivery): void {
    const { batch, opened } = this.#options;
    this.#worker.leave(held);
    if (batch.failureScope === "batch" && isFailure(held, opened)) this.#stopStarting();
    if (this.#worker.outstanding === 0) this.#allLeft.resolve();
  }

  #leftMs(): number {
    return this.#options.batch.remainingMs?.() ?? Infinity;
  }

  #deadline(): ReturnType<typeof eventDeadline> | undefined {
    const { batch, marginMs } = this.#options;
    return batch.remainingMs === undefined ? undefined : eventDeadline(batch.remainingMs(), marginMs);
  }
}

function isFailure({ outcome }: HeldDelivery, { route }: OpenedConsumer): boolean {
  if (outcome?.kind === "dead-letter") return route.kind === "none";
  return outcome?.kind === "release" && outcome.cause === "retry";
}

/** The outcome once everything has its result. Only what was confirmed counts as done. */
async function finalOutcome(held: HeldDelivery): Promise<Outcome> {
  const { settlement, outcome } = held;
  const unsettled = await held.completion().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  // The handler's error says more than the error of giving the message back.
  const error = (outcome?.kind === "release" ? outcome.error : undefined) ?? unsettled;
  if (settlement?.kind === "release") return error === undefined ? settlement : { ...settlement, error };
  if (settlement !== undefined && unsettled === undefined) return settlement;
  return unsettled === undefined ? UNSTARTED : retried(error);
}

function retried(error: unknown): Outcome {
  return { kind: "release", delayMs: 0, cause: "retry", error };
}
