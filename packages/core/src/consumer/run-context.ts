import { QueueError } from "../errors/queue-error.ts";
import type { HandlerContext, Logger } from "../queue-consumer.ts";
import type { Clock } from "../time/clock.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { ElapsedTime } from "../time/elapsed-time.ts";

/** What all contexts of one consumer share. */
export interface ContextParts {
  readonly keeper: LeaseKeeper;
  readonly clock: Clock;
  readonly time: ElapsedTime;
  readonly logger: Logger;
  readonly handlerTimeoutMs?: number | undefined;
  /** The attempt whose failure dead-letters. Infinity: never. */
  readonly lastAttempt: number;
  /** Lease time at which every run ends at the latest. @default none */
  readonly endsAtMs?: number;
}

/** Of all copies of this package, because a middleware may come from another one than its client. */
const WAS_TOLD_TO_STOP = Symbol.for("anyqueue.was-told-to-stop");

/**
 * True if a handler that returned may have stopped early: it looked at its signal, and that is aborted. The
 * engine ignores what a run returns after its time-out or its lease, and delivers the message again.
 */
export function mayHaveStopped(context: HandlerContext): boolean {
  const told: unknown = Reflect.get(context, WAS_TOLD_TO_STOP);
  return typeof told === "boolean" ? told : context.signal.aborted;
}

/** The context of one delivery. Its members are created when they are read. */
export class RunContext implements HandlerContext {
  readonly #held: HeldDelivery;
  readonly #parts: ContextParts;

  constructor(held: HeldDelivery, parts: ContextParts) {
    this.#held = held;
    this.#parts = parts;
  }

  /** The delivery waits, for its batch or a claim: meanwhile its handler's time does not run. */
  static wait(context: HandlerContext): void {
    if (!(#held in context) || context.#parts.handlerTimeoutMs === undefined) return;
    if (context.#held.state === "running") context.#parts.keeper.wakeAt(context.#held, context.#held.capAtMs);
  }

  /** Such a wait is over: the handler's time begins now. No effect on what was given back meanwhile. */
  static begin(context: HandlerContext): void {
    if (!(#held in context) || context.#held.state !== "running") return;
    const held = context.#held;
    const { keeper, time, handlerTimeoutMs } = context.#parts;
    held.startedAtMs = time.quick();
    if (handlerTimeoutMs !== undefined)
      keeper.wakeAt(held, Math.min(held.startedAtMs + handlerTimeoutMs, held.capAtMs));
  }

  /** Why the message is gone. No handler may begin any more: somebody else may run it. */
  static goneBy(context: HandlerContext): QueueError | undefined {
    return #held in context && context.#held.state !== "running" ? context.#held.abortReason : undefined;
  }

  /** After a blocked event loop, the timer of the leases may come behind the one that begins a run. */
  static checkLeases(context: HandlerContext): void {
    if (#held in context) context.#parts.keeper.checkSleep();
  }

  static hasPermit(context: HandlerContext): boolean {
    return !(#held in context) || context.#held.hasPermit;
  }

  /** Tells the handler to stop. Its message stays in hand until it has ended, as long as a run may take. */
  static stop(context: HandlerContext, reason: QueueError): void {
    if (#held in context) context.#held.abort(reason);
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }

  get [WAS_TOLD_TO_STOP](): boolean {
    return this.#held.wasToldToStop;
  }

  get attempt(): number {
    return this.#held.attempt;
  }

  get isLastAttempt(): boolean {
    return this.#held.attempt >= this.#parts.lastAttempt;
  }

  get deadline(): Date {
    const { clock, time } = this.#parts;
    const ownEndMs = Math.min(this.#held.wakeAtMs, this.#held.capAtMs);
    const endsAtMs = Math.min(ownEndMs, this.#parts.endsAtMs ?? Infinity);
    return new Date(clock.wallNow() + Math.min(endsAtMs - time.quick(), MAX_DATE_MS));
  }

  get log(): Logger {
    return this.#parts.logger;
  }

  /** A getter, so that `extend` works when taken out of the context. */
  get extend(): (by: Duration) => Promise<void> {
    return async (by) => {
      const byMs = durationToMs(by, "extend");
      if (byMs === 0)
        throw new QueueError("INVALID_ARGUMENT", { what: "extend: expected more than 0, got 0" });
      await this.#parts.keeper.extend(this.#held, byMs);
    };
  }
}

/** A hundred years: keeps dates valid where nothing ends a run. */
const MAX_DATE_MS = 100 * 365 * 86_400_000;
