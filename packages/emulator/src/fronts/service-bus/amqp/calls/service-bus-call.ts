import type { FaultPlan } from "../../../../faults/fault-plan.ts";
import type { FaultCall } from "../../../../faults/fault-rule.ts";
import type { ServiceBusFaultAction } from "../../../../faults/service-bus-fault-action.ts";
import type { HandOutLog } from "../../../../log/hand-out-log.ts";
import type { CallOutcome, OpenCall } from "../../../../log/call-log.ts";
import type { EngineClock } from "../../../../time/engine-clock.ts";
import type { Mailbox } from "../../engine/contract.ts";
import { statusOf, toAmqpError } from "../amqp-errors.ts";
import type { AmqpError } from "../transport/performatives.ts";
import type { CallSite } from "./call-site.ts";
import { interruptionOf, type Interruption } from "./interruption.ts";

/** The result of a call, as the client is told. */
export type CallAnswer<Result> =
  | { readonly isDone: true; readonly result: Result }
  | { readonly isDone: false; readonly error: AmqpError };

export interface CallParts {
  readonly faults: FaultPlan;
  readonly clock: EngineClock;
  /** The clients' time in milliseconds. */
  readonly wireNow: () => number;
  readonly namespace: string;
  readonly handOuts: HandOutLog;
}

/** One call: runs it through faults and engine, and answers it. Synchronous unless a fault delays it. */
export class ServiceBusCall {
  readonly #parts: CallParts;
  readonly #site: CallSite;
  readonly #call: FaultCall<"service-bus">;
  readonly #open: OpenCall;
  readonly #actions: ServiceBusFaultAction[] = [];

  constructor(parts: CallParts, site: CallSite, call: FaultCall<"service-bus">, open: OpenCall) {
    this.#parts = parts;
    this.#site = site;
    this.#call = call;
    this.#open = open;
  }

  /** Runs `apply` between the two fault positions. `answer` is not called if a fault suppresses it. */
  run<Result>(apply: () => Result, answer: (answer: CallAnswer<Result>) => void): void {
    this.#at("before", answer, () => {
      const applied = this.#try(apply);
      this.#at("after", answer, () => this.#end(applied, answer));
    });
  }

  /**
   * Runs one of the two positions, for a call with a wait between them. `proceed` is not called if a fault
   * ends the call. `passed` is always called.
   */
  position(
    when: "before" | "after",
    refuse: (error: AmqpError) => void,
    proceed: () => void,
    passed?: () => void,
  ): void {
    const answer = (ended: CallAnswer<never>): void => {
      if (!ended.isDone) refuse(ended.error);
    };
    this.#at(when, answer, proceed, passed);
  }

  /** Ends a call whose positions were run separately. */
  finish(error?: unknown): void {
    if (error === undefined) this.#note("ok", undefined);
    else this.#note("error", this.errorOf(error).condition);
  }

  /** The client disconnected before it got an answer. */
  disconnected(): void {
    this.#note("disconnected", undefined);
  }

  all<Kind extends ServiceBusFaultAction["kind"]>(
    kind: Kind,
  ): readonly Extract<ServiceBusFaultAction, { readonly kind: Kind }>[] {
    return this.#actions.filter(
      (action): action is Extract<ServiceBusFaultAction, { readonly kind: Kind }> => action.kind === kind,
    );
  }

  has(kind: ServiceBusFaultAction["kind"]): boolean {
    return this.#actions.some((action) => action.kind === kind);
  }

  /** The `expireLease` fault: ends this lock. */
  expireLock(mailbox: Pick<Mailbox, "expireLock">, lockToken: string): void {
    if (this.has("expireLease") && mailbox.expireLock(lockToken)) this.#parts.handOuts.broke([lockToken]);
  }

  /** The `duplicate` fault: delivers this message once more. */
  deliverAgain(mailbox: Pick<Mailbox, "deliverAgain">, lockToken: string): void {
    if (this.has("duplicate") && mailbox.deliverAgain(lockToken)) this.#parts.handOuts.broke([lockToken]);
  }

  /** How much later than the real expiry the client is told that a lock ends, in milliseconds. */
  get skewMs(): number {
    return this.all("clockSkew").reduce((sum, { skewMs }) => sum + skewMs, 0);
  }

  errorOf(error: unknown): AmqpError {
    const entity = `${this.#parts.namespace}:${this.#call.queue ?? "$cbs"}`;
    return toAmqpError(error, entity, this.#parts.wireNow());
  }

  #try<Result>(apply: () => Result): CallAnswer<Result> {
    try {
      return { isDone: true, result: apply() };
    } catch (error) {
      return { isDone: false, error: this.errorOf(error) };
    }
  }

  #at<Result>(
    when: "before" | "after",
    answer: (answer: CallAnswer<Result>) => void,
    proceed: () => void,
    passed?: () => void,
  ): void {
    const { namespace, clock } = this.#parts;
    let interruption: Interruption | undefined;
    let delayMs = 0;
    for (const { ruleId, action } of this.#parts.faults.take(this.#call, when)) {
      this.#open.fired(ruleId);
      this.#actions.push(action);
      if (action.kind === "delay") delayMs += action.ms;
      interruption ??= interruptionOf(action, { namespace, link: this.#site.link });
    }
    const go = (): void => {
      if (interruption === undefined) proceed();
      else this.#interrupt(interruption, answer);
      passed?.();
    };
    if (delayMs === 0) go();
    else clock.at(clock.now() + delayMs, go);
  }

  #interrupt<Result>(interruption: Interruption, answer: (answer: CallAnswer<Result>) => void): void {
    const { connection } = this.#site;
    switch (interruption.kind) {
      case "error":
        return this.#end({ isDone: false, error: this.errorOf(interruption.error) }, answer);
      case "detach":
        this.#note("error", interruption.error.condition);
        return this.#site.detach(this.errorOf(interruption.error));
      case "closeConnection":
        this.#note("error", interruption.error.condition);
        return connection.close(this.errorOf(interruption.error));
      case "reset":
        this.#note("reset", undefined);
        return connection.reset();
      case "halfOpen":
        this.#note("held", undefined);
        return connection.halfOpen();
      case "hold":
        this.#note("held", undefined);
    }
  }

  #end<Result>(ended: CallAnswer<Result>, answer: (answer: CallAnswer<Result>) => void): void {
    if (ended.isDone) this.#note("ok", undefined);
    else this.#note("error", ended.error.condition);
    answer(ended);
  }

  #note(outcome: CallOutcome, errorCode: string | undefined): void {
    this.#open.end({ outcome, status: errorCode === undefined ? undefined : statusOf(errorCode), errorCode });
  }
}
