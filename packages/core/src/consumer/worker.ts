import type { Delivery } from "../driver/delivery.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Engine } from "./engine.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { KeyLanes } from "./key-lanes.ts";
import type { KnownMessages } from "./known-messages.ts";
import { leaseLost } from "./lease.ts";
import { graceMs } from "../time/time-limit.ts";
import { UNSTARTED } from "./outcome-executor.ts";
import { outcomeOfFailure, processDelivery, type Processed } from "./process-delivery.ts";
import { RunContext } from "./run-context.ts";

export interface WorkerParts extends Pick<
  Engine,
  "time" | "rules" | "context" | "admission" | "keeper" | "executor"
> {
  readonly target: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly known?: KnownMessages | undefined;
  readonly dispatcher: Dispatcher;
  readonly lanes: KeyLanes | undefined;
  readonly handlerTimeoutMs: number | undefined;
  /** Called when there may be room. */
  readonly onRoom: () => void;
  /** Called when no handler runs any more. */
  readonly onIdle?: () => void;
  /** Called when runs that go on may have lost their permits. */
  readonly onStopped?: (() => void) | undefined;
}

/** Runs the handler for each delivery. No promises but a handler's own: the rest is fields and counters. */
export class Worker {
  readonly #parts: WorkerParts;
  /** Deliveries that are gone although their handler still runs. */
  readonly #orphans = new Set<HeldDelivery>();
  /** By orphan: the delivery that came again and waits for the end of that run. */
  readonly #behind = new Map<HeldDelivery, HeldDelivery>();
  /** Lease time just read. Undefined: other code, such as a handler, has run since the clock was read. */
  #knownMs: number | undefined;
  /** Handlers that run, including those of orphans. */
  active = 0;
  /** Deliveries that take room: no settlement has begun. */
  outstanding = 0;
  /** Handlers that have ended. */
  ended = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** The delivery takes no room any more. */
  leave(held: HeldDelivery): void {
    this.outstanding -= 1;
    if (held.isHandlerActive) this.#orphans.add(held);
  }

  accept(deliveries: readonly Delivery<unknown>[], ask: number, stalledMs: number): void {
    const { admission, dispatcher, lanes, executor, time } = this.#parts;
    const nowMs = time.quick();
    for (const delivery of deliveries) {
      if (admission.takesOver(delivery, stalledMs, nowMs)) continue;
      const held = this.#hold(delivery, ask, stalledMs, nowMs);
      if (admission.acksAgain(held, nowMs)) continue;
      if (lanes === undefined || held.key === undefined) {
        dispatcher.offer(held);
        continue;
      }
      const placement = lanes.place(held, held.key, nowMs);
      if (placement === "ready") dispatcher.offer(held);
      else if (placement === "follower") executor.follow(held, lanes.blockedForMs(held.key, nowMs));
    }
    dispatcher.startReady(nowMs);
  }

  /** Gives back deliveries that came too late to be taken. */
  refuse(deliveries: readonly Delivery<unknown>[], ask: number): void {
    const { admission, executor, time } = this.#parts;
    for (const delivery of deliveries) {
      if (!admission.takesOver(delivery, 0, time.quick())) executor.giveBack(this.#hold(delivery, ask, 0));
    }
  }

  /** Called with a permit. @returns the lease time if the run has ended already, or if none began */
  start(held: HeldDelivery, nowMs: number = this.#parts.time.quick()): number | undefined {
    const { admission, dispatcher, executor, keeper, handlerTimeoutMs } = this.#parts;
    this.#knownMs = nowMs;
    if (keeper.leftMs(held, nowMs) <= 0) {
      dispatcher.free(held);
      executor.lost(held, leaseLost("the lease ran out before a handler could start"));
    } else if (this.#waitsForOrphan(held, nowMs)) {
      dispatcher.free(held);
    } else if (admission.admit(held)) {
      held.become("running");
      held.startedAtMs = nowMs;
      held.isHandlerActive = true;
      this.active += 1;
      if (handlerTimeoutMs !== undefined)
        keeper.wakeAt(held, Math.min(nowMs + handlerTimeoutMs, held.capAtMs));
      this.#knownMs = undefined;
      this.#run(held);
    } else {
      dispatcher.free(held);
    }
    return this.#knownMs;
  }

  /** Called at the moment that the delivery was waiting for. */
  wake(held: HeldDelivery): void {
    const { executor } = this.#parts;
    if (held.state === "running") this.#stopRun(held);
    else if (held.state === "waiting") executor.giveBack(held);
    else executor.wake(held);
  }

  /** The watchdog's check: a run without its lease keeps its permit only for as long as it was allowed. */
  check(nowMs: number): void {
    const { dispatcher, onStopped } = this.#parts;
    for (const held of this.#orphans) {
      if (!this.#isOver(held, nowMs)) continue;
      dispatcher.free(held);
      this.#offerBehind(held);
    }
    dispatcher.startReady();
    if (this.#orphans.size > 0) onStopped?.();
  }

  /** Gives back all deliveries that no handler has started. */
  giveBackUnstarted(): void {
    const { dispatcher, executor, keeper } = this.#parts;
    const behind = [...this.#behind.values()].filter(({ state }) => state === "waiting");
    this.#behind.clear();
    for (const held of [...dispatcher.takeUnstarted(), ...behind]) executor.giveBack(held);
    for (const held of keeper.holders()) if (held.state === "parked") executor.unpark(held);
  }

  abortAll(reason: QueueError): void {
    for (const held of this.#running()) held.abort(reason);
  }

  /** Gives back the deliveries that handlers still hold, whatever the handlers do. */
  giveBackRunning(): void {
    for (const held of this.#running()) this.#parts.executor.apply(held, UNSTARTED);
  }

  /** Says which handlers still run at the end: nothing else would tell whoever ends the process. */
  reportAbandoned(): void {
    const { events, target, time } = this.#parts;
    for (const held of this.#orphans) {
      const { delivery, startedAtMs } = held;
      const ranMs = Math.round(time.quick() - startedAtMs);
      const [id, providerId] = [delivery.id, delivery.providerId].map((each) => JSON.stringify(each));
      const fate = isDying(held) ? "is in the dead letters" : "comes again";
      const text = `a handler still runs after ${ranMs} ms and is abandoned; its message ${id} (provider id ${providerId}) ${fate}`;
      events.emit("notice", { target, text });
    }
  }

  #hold(delivery: Delivery<unknown>, ask: number, stalledMs: number, nowMs?: number): HeldDelivery {
    const key = this.#parts.lanes === undefined ? undefined : delivery.orderingKey;
    this.outstanding += 1;
    return this.#parts.admission.hold(delivery, key, ask, stalledMs, nowMs);
  }

  #run(held: HeldDelivery): void {
    const { rules, context } = this.#parts;
    processDelivery(rules, held, new RunContext(held, context), this.#end);
  }

  readonly #end = (held: HeldDelivery, processed: Processed): void => {
    const { dispatcher, onIdle, onRoom } = this.#parts;
    this.#knownMs = undefined;
    held.isHandlerActive = false;
    if (this.#orphans.size > 0) {
      this.#orphans.delete(held);
      this.#offerBehind(held);
    }
    this.active -= 1;
    this.ended += 1;
    dispatcher.free(held);
    if (held.state === "running") this.#conclude(held, processed);
    else this.#reportLate(held, processed);
    dispatcher.startReady(this.#knownMs);
    onRoom();
    if (this.active === 0) onIdle?.();
  };

  /** Prevents two runs of one message at once. Where the message has a key, its lane does that. */
  #waitsForOrphan(held: HeldDelivery, nowMs: number): boolean {
    if (this.#parts.known === undefined || held.key !== undefined) return false;
    for (const orphan of this.#orphans) {
      if (orphan.delivery.providerId !== held.delivery.providerId || this.#isOver(orphan, nowMs)) continue;
      this.#behind.set(orphan, held);
      return true;
    }
    return false;
  }

  #offerBehind(orphan: HeldDelivery): void {
    const next = this.#behind.get(orphan);
    if (next === undefined) return;
    this.#behind.delete(orphan);
    this.#parts.dispatcher.offer(next);
  }

  #isOver(held: HeldDelivery, nowMs: number): boolean {
    return nowMs >= this.#endOf(held);
  }

  #endOf({ startedAtMs, capAtMs }: HeldDelivery): number {
    const { handlerTimeoutMs = Infinity } = this.#parts;
    return Math.min(startedAtMs + handlerTimeoutMs, capAtMs);
  }

  #running(): readonly HeldDelivery[] {
    return this.#parts.keeper.holders().filter((held) => held.state === "running");
  }

  #conclude(held: HeldDelivery, processed: Processed): void {
    const { executor, keeper, time } = this.#parts;
    this.#knownMs = time.quick();
    if (keeper.leftMs(held, this.#knownMs) <= 0) {
      executor.lost(held, leaseLost("the lease ran out while the handler was running"));
      this.#reportLate(held, processed);
      return;
    }
    // A handler that the consumer's own drain stopped has not failed.
    const isCancelled = processed.isFailure && isQueueError(held.abortReason, "CANCELLED");
    this.#finishRun(held, isCancelled ? CANCELLED : processed);
  }

  #stopRun(held: HeldDelivery): void {
    const { dispatcher, keeper, rules, time, onRoom, onStopped } = this.#parts;
    const nowMs = time.quick();
    const isCapped = nowMs >= held.capAtMs;
    const moreMs = held.hadGrace || isCapped ? 0 : graceMs(nowMs - this.#endOf(held));
    if (moreMs > 0) {
      held.hadGrace = true;
      keeper.wakeAt(held, Math.min(nowMs + moreMs, held.capAtMs));
      return;
    }
    const reason = isCapped
      ? leaseLost("the delivery was held as long as it may be, and its handler still runs")
      : new QueueError("TIMEOUT", {
          what: `the handler did not end within ${this.#parts.handlerTimeoutMs} ms`,
          remedy: "Make it faster, make it stop when its signal aborts, or allow more with handlerTimeout.",
          target: this.#parts.target,
        });
    held.abort(reason);
    dispatcher.free(held);
    const outcome = outcomeOfFailure(rules, held.delivery, reason);
    this.#finishRun(held, { outcome, error: reason, isFailure: true });
    dispatcher.startReady();
    onStopped?.();
    onRoom();
  }

  #finishRun(held: HeldDelivery, { outcome, error }: Processed): void {
    const { events, executor, target, time } = this.#parts;
    executor.apply(held, outcome);
    // Failures are rare, and a logger takes them.
    if (outcome.kind === "ack" && !events.isActive("handled")) return;
    this.#knownMs = undefined;
    const durationMs = time.quick() - held.startedAtMs;
    const { attempt } = held;
    const event = { target, id: held.delivery.id, attempt, outcome: outcome.kind, durationMs };
    events.emit("handled", error === undefined ? event : { ...event, error });
  }

  #reportLate(held: HeldDelivery, { isFailure }: Processed): void {
    const { events, lanes, dispatcher, target } = this.#parts;
    events.emit("late-result", { target, id: held.delivery.id, result: isFailure ? "threw" : "returned" });
    // The lane of a dead letter goes on when the dead letter is confirmed. One that failed is retried.
    if (held.state !== "done" && isDying(held)) return;
    const next = lanes?.vacate(held);
    if (next !== undefined) dispatcher.offer(next);
  }
}

const CANCELLED: Processed = Object.freeze({ outcome: UNSTARTED, error: undefined, isFailure: false });

/** True: it is on its way to the dead letters, or there. */
function isDying({ outcome, failure }: HeldDelivery): boolean {
  return outcome?.kind === "dead-letter" && failure === undefined;
}
