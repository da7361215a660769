import type { Outcome } from "../driver/event-source.ts";
import { DeadLetterError, RetryError } from "../errors/handler-errors.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Message, ReceivedMessage } from "../queue-consumer.ts";
import { durationToMs, type Duration } from "../time/duration.ts";
import type { Engine } from "./engine.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import { STALL_MS } from "./answer-in-time.ts";
import { leaseLost } from "./lease.ts";
import { ACK, outcomeOfFailure } from "./process-delivery.ts";
import { RunContext } from "./run-context.ts";

/** A message of pull mode, with everything that its receiver can do with it. */
export function pulledMessage<Body>(
  message: Message<Body>,
  held: HeldDelivery,
  engine: Engine,
): ReceivedMessage<Body> {
  return Object.assign(new PulledContext(held, engine), message);
}

/** The first settlement wins. The same one again shares its promise; a different one is refused. */
class PulledContext extends RunContext implements AsyncDisposable {
  readonly #held: HeldDelivery;
  readonly #engine: Engine;
  #settlement: { readonly name: string; readonly done: Promise<void> } | undefined;

  constructor(held: HeldDelivery, engine: Engine) {
    super(held, engine.context);
    this.#held = held;
    this.#engine = engine;
  }

  async ack(): Promise<void> {
    await this.#settle("ack", () => ACK);
  }

  async retry(delay?: Duration): Promise<void> {
    if (delay !== undefined) durationToMs(delay, "retry");
    await this.#settle(`retry ${delay ?? ""}`, () => this.#outcomeOf(new RetryError({ delay })));
  }

  async deadLetter(reason: string): Promise<void> {
    await this.#settle(`dead-letter ${reason}`, () => this.#outcomeOf(new DeadLetterError(reason)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = this.#held;
    if (held.state === "waiting") this.#engine.executor.giveBack(held);
    // The events tell whether giving back worked. Leaving a block must not throw because of it.
    await this.#completed().catch(() => {});
  }

  #outcomeOf(error: RetryError | DeadLetterError): Outcome {
    return outcomeOfFailure(this.#engine.rules, this.#held.delivery, error);
  }

  async #settle(name: string, outcome: () => Outcome): Promise<void> {
    if (this.#settlement !== undefined && this.#settlement.name !== name) {
      throw new QueueError("ALREADY_SETTLED", {
        what: `${name.trim()} after ${this.#settlement.name.trim()}`,
        target: this.#engine.opened.target.name,
      });
    }
    this.#settlement ??= { name, done: this.#begin(outcome) };
    await this.#settlement.done;
  }

  async #begin(outcome: () => Outcome): Promise<void> {
    const held = this.#held;
    const { executor, keeper, time } = this.#engine;
    if (held.abortReason !== undefined) throw held.abortReason;
    if (held.outcome !== undefined) {
      throw new QueueError("ALREADY_SETTLED", { what: "the message was given back when it was disposed" });
    }
    if (keeper.leftMs(held, time.read()) <= 0) {
      executor.lost(held, leaseLost("the lease ran out before the message was settled"));
    } else {
      executor.apply(held, outcome());
    }
    await this.#completed();
  }

  /** The caller waits: between two tries, nothing else may keep the process alive. */
  async #completed(): Promise<void> {
    const { context, time } = this.#engine;
    const leftMs = this.#held.capAtMs - time.quick();
    const alive = context.clock.setTimer(() => {}, leftMs + STALL_MS, true);
    await this.#held.completion().finally(() => alive.cancel());
  }
}
