import type { Outcome } from "../driver/event-source.ts";
import { unsupported, type QueueError } from "../errors/queue-error.ts";
import { backoffMs } from "../retry/backoff.ts";
import type { ExecutorOptions } from "./executor-options.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import { ACK, isProcessedBy } from "./process-delivery.ts";
import { errorOf, type SettleResult } from "./settler.ts";
import { MAX_PARK_MS } from "./start-checks.ts";
import { Tally } from "./tally.ts";
import { TurnTime } from "../time/turn-time.ts";

type DeadLetterOutcome = Extract<Outcome, { readonly kind: "dead-letter" }>;

/** No handler has started, or the consumer stopped it: not a failure. */
export const UNSTARTED: Outcome = Object.freeze({ kind: "release", delayMs: 0, cause: "unstarted" });

const FATAL_AT_SETTLE: ReadonlySet<string> = new Set(["ACCESS_DENIED", "NOT_FOUND"]);

/** Carries out what was decided for a delivery, and keeps its ordering key in step. */
export class OutcomeExecutor {
  readonly #options: ExecutorOptions;
  /** Lease time: the results of hundreds of acks come in one turn. */
  readonly #turn: TurnTime;
  readonly tally = new Tally();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#turn = new TurnTime({ now: () => options.time.quick() });
  }

  /** Carries out a decision. The first one wins; the caller has checked that it is the first. */
  apply(held: HeldDelivery, outcome: Outcome): void {
    held.outcome = outcome;
    switch (outcome.kind) {
      case "ack":
        this.#submit(held, outcome);
        this.#advance(this.#options.lanes?.finish(held));
        return;
      case "release":
        this.#blockKey(held);
        this.#release(held, outcome.delayMs, outcome.cause);
        return;
      case "dead-letter":
        this.#deadLetter(held, outcome);
    }
  }

  /** Gives back a delivery that no handler has started. */
  giveBack(held: HeldDelivery): void {
    held.outcome = UNSTARTED;
    this.#advance(this.#options.lanes?.vacate(held));
    this.#release(held, 0, "unstarted");
  }

  /** Releases a delivery whose time of parking is over. */
  unpark(held: HeldDelivery): void {
    if (held.state !== "parked") return;
    const cause = held.outcome?.kind === "release" ? held.outcome.cause : "retry";
    this.#submit(held, { kind: "release", delayMs: 0, cause });
  }

  /** Called at the moment that a delivery without a handler was waiting for. */
  wake(held: HeldDelivery): void {
    if (held.state === "parked") this.unpark(held);
    else this.#options.settler.retry(held);
  }

  /** Handles a lost lease, which the lease keeper or the driver reported. */
  lost(held: HeldDelivery, error: QueueError): void {
    if (held.state === "settling" && held.settlement !== undefined) {
      this.#options.settler.lose(held, error);
      return;
    }
    if (held.state === "done") return;
    held.abort(error);
    this.#emitLost(held, error);
    this.#blockKey(held);
    this.#end(held, error);
    // If only the connection was lost, the service keeps the lease.
    this.#confirmBlock(held, this.#options.lanes?.isPipelined === true ? (held.delivery.leaseMs ?? 0) : 0);
  }

  /** Reported by the lease keeper. The message may come again before its ack is answered. */
  overdue({ settlement, delivery }: HeldDelivery): void {
    if (settlement?.kind === "ack") this.#options.memory.add(delivery);
  }

  /** Handles the result from the settler. */
  settled(held: HeldDelivery, result: SettleResult): void {
    const { settlement, delivery } = held;
    const { target, events, memory, known } = this.#options;
    if (result.kind === "settled" && settlement?.kind !== "release") memory.delete(delivery);
    else if (settlement?.kind === "ack") memory.add(delivery);
    known?.settled(held, result.kind === "settled", this.#turn.now());
    if (result.kind === "lost") this.#emitLost(held, result.error);
    const meant = settlement ?? held.outcome;
    if (result.kind === "failed" && meant !== undefined) {
      events.emit("settle-failed", { target, id: delivery.id, kind: meant.kind, error: result.error });
      if (meant.kind === "dead-letter") this.#emitDeadLetterFailed(held, result.error);
      if (FATAL_AT_SETTLE.has(result.error.code)) this.#options.hooks.fatal(result.error);
    }
    const isDone = result.kind === "settled" || result.kind === "unknown";
    if (!isDone) this.tally.leave();
    else if (isProcessedBy(settlement) && isProcessedBy(held.outcome)) this.#countHandled(held);
    else this.tally.release();
    held.finish(isDone ? held.failure : errorOf(result));
    this.#settleLane(held, isDone);
  }

  #settleLane(held: HeldDelivery, isDone: boolean): void {
    const { lanes } = this.#options;
    const { settlement, delivery } = held;
    if (lanes === undefined || held.key === undefined) return;
    // After a refusal the lease stays, and nothing renews it any more.
    const keptMs = isDone || held.wasAmbiguous ? 0 : (delivery.leaseMs ?? 0);
    if (settlement?.kind === "release") {
      this.#confirmBlock(held, Math.max(settlement.delayMs, keptMs), true);
    } else if (held.outcome?.kind === "dead-letter" && isDone) {
      this.#advance(lanes.finish(held));
    } else if (held.outcome?.kind === "dead-letter") {
      this.#blockKey(held);
      this.#confirmBlock(held, keptMs);
    }
  }

  #countHandled({ outcome, delivery, attempt }: HeldDelivery): void {
    this.tally.handled += 1;
    if (outcome?.kind !== "dead-letter") return;
    const { target, events } = this.#options;
    events.emit("dead-lettered", { target, id: delivery.id, reason: outcome.reason, attempt });
  }

  #release(held: HeldDelivery, delayMs: number, cause: "retry" | "unstarted"): void {
    const { capabilities, keeper, time, maxParkMs } = this.#options;
    if (capabilities.release === "none") {
      this.letGo(held);
      return;
    }
    const native = capabilities.releaseDelay;
    if (native !== "none") {
      this.#submit(held, { kind: "release", delayMs: Math.min(delayMs, native.maxMs), cause });
    } else if (delayMs === 0 || this.tally.isDraining) {
      this.#submit(held, { kind: "release", delayMs: 0, cause });
    } else if (delayMs > MAX_PARK_MS && this.#options.retries?.takes(held.delivery, delayMs) === true) {
      const copied = this.#options.retries.send(held.delivery, delayMs);
      void this.#copyThenAck(held, copied, () => this.#release(held, MAX_PARK_MS, cause));
    } else {
      held.become("parked");
      if (held.takesRoom) this.tally.parked += 1;
      keeper.wakeAt(held, Math.min(time.quick() + Math.min(delayMs, maxParkMs), held.capAtMs));
    }
  }

  /** Sends nothing: the message comes again when its lease ends. */
  letGo(held: HeldDelivery): void {
    held.outcome ??= UNSTARTED;
    const leftMs = Math.max(0, this.#options.keeper.leftMs(held, this.#options.time.quick()));
    this.#end(held, undefined);
    this.#confirmBlock(held, Number.isFinite(leftMs) ? leftMs : 0);
  }

  #deadLetter(held: HeldDelivery, outcome: DeadLetterOutcome): void {
    const { route } = this.#options;
    if (route.kind === "native") {
      this.#submit(held, outcome);
    } else if (route.kind === "copy") {
      void this.#copyThenAck(held, route.send(held.delivery, outcome), (error) => {
        this.#emitDeadLetterFailed(held, error);
        this.#blockKey(held);
        this.#release(held, backoffMs(held.attempt, this.#options.bounds, this.#options.random), "retry");
      });
    } else {
      const { why: what, remedy } = route;
      const { target } = this.#options;
      const { reason, description: cause = reason } = outcome;
      this.#emitDeadLetterFailed(held, unsupported("deadLetter", { what, remedy, target, cause }));
      this.#blockKey(held);
      this.#release(held, route.retryMs ?? this.#options.bounds.maxMs, "retry");
    }
  }

  /** In this order, because a message in both places is a duplicate, and one in neither is lost. */
  async #copyThenAck(
    held: HeldDelivery,
    copied: Promise<QueueError | undefined>,
    onFailed: (error: QueueError) => void,
  ): Promise<void> {
    this.#begin(held);
    await this.#options.settler.after(held, copied, (error) => {
      if (held.state !== "done") {
        if (error === undefined) this.#submit(held, ACK);
        else onFailed(error);
      } else if (error === undefined) this.#options.memory.add(held.delivery);
    });
  }

  #submit(held: HeldDelivery, settlement: Outcome): void {
    this.#begin(held);
    held.settlement = settlement;
    this.#options.settler.submit(held);
  }

  #begin(held: HeldDelivery): void {
    this.#countUnparked(held);
    if (held.state !== "settling") held.become("settling");
    this.#leave(held);
  }

  #end(held: HeldDelivery, error: QueueError | undefined): void {
    this.tally.leave();
    this.#countUnparked(held);
    this.#options.keeper.untrack(held);
    this.#options.known?.letGo(held);
    held.finish(error);
    this.#leave(held);
  }

  #countUnparked({ state, takesRoom }: HeldDelivery): void {
    if (state === "parked" && takesRoom) this.tally.parked -= 1;
  }

  #leave(held: HeldDelivery): void {
    if (!held.takesRoom) return;
    held.takesRoom = false;
    this.#options.hooks.left(held);
  }

  /** Rule D15: no follower of a failed message runs before it. Those in hand go back as unstarted. */
  #blockKey(held: HeldDelivery): void {
    const { lanes } = this.#options;
    if (lanes === undefined || held.key === undefined) return;
    for (const follower of lanes.block(held)) this.follow(follower, 0);
    lanes.vacate(held);
  }

  /** Handles a follower of a failed message. One that came to a blocked key must not come again at once. */
  follow(follower: HeldDelivery, delayMs: number): void {
    const { capabilities, lanes } = this.#options;
    if (capabilities.followers === "release") {
      follower.outcome = UNSTARTED;
      this.#release(follower, delayMs, "unstarted");
    } else if (capabilities.followers === "drop") {
      this.letGo(follower);
    } else {
      lanes?.keep(follower, follower.key ?? "");
    }
  }

  #confirmBlock(held: HeldDelivery, delayMs: number, isDriverTold = false): void {
    const { lanes, hooks, time } = this.#options;
    lanes?.confirmBlock(held, time.quick() + delayMs, hooks.lastAsk(), isDriverTold);
  }

  #advance(next: HeldDelivery | undefined): void {
    if (next !== undefined) this.#options.hooks.ready(next);
  }

  #emitLost({ delivery }: HeldDelivery, error: QueueError): void {
    const { target, events } = this.#options;
    events.emit("lease-lost", { target, id: delivery.id, error });
  }

  #emitDeadLetterFailed(held: HeldDelivery, error: QueueError): void {
    const { target, events } = this.#options;
    held.failure = error;
    events.emit("dead-letter-failed", { target, id: held.delivery.id, error });
  }
}
