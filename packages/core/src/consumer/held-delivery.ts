import type { Delivery } from "../driver/delivery.ts";
import { attemptOf } from "./attempt-of.ts";
import type { Outcome } from "../driver/event-source.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { Lease, LeasePause } from "./lease.ts";

/**
 * `waiting`: no handler has begun · `running` · `parked`: held back here before its release, where the service cannot
 * delay · `settling`: a settlement was decided · `done`: settled, lost or let go.
 */
export type HeldState = "waiting" | "running" | "parked" | "settling" | "done";

const FOLLOWING: Readonly<Record<HeldState, readonly HeldState[]>> = {
  waiting: ["running", "parked", "settling", "done"],
  running: ["parked", "settling", "done"],
  parked: ["settling", "done"],
  settling: ["parked", "done"],
  done: [],
};

/** Why nothing was settled in the end; undefined: the provider confirmed. */
export type Completion = QueueError | undefined;

/** One delivery in our hands, from its arrival to its end. Fields, not closures: there is one of these per message. */
export class HeldDelivery implements Lease {
  readonly delivery: Delivery<unknown>;
  /** Its lane; undefined: none. */
  readonly key: string | undefined;
  /** Number of the ask that brought it. */
  readonly ask: number;
  readonly attempt: number;
  /** What settles it; another one after the message was handed over again while it was in hand. */
  handle: unknown;
  /** Itself, unless it shares one. */
  lease: Lease | undefined;
  untilMs: number = Number.POSITIVE_INFINITY;
  promisedUntilMs: number | undefined;
  renewAtMs: number = Number.POSITIVE_INFINITY;
  renewing: Promise<unknown> | undefined;
  pause: LeasePause | undefined;
  previous: Lease | undefined;
  next: Lease | undefined;
  /** The next in its chain of `KnownMessages`. */
  nextKnown: HeldDelivery | undefined;
  /** Of its provider's id, where `KnownMessages` has looked at it. */
  idHash: number | undefined;
  /** When the lease keeper calls back: time limit of the run, end of parking, next try of a settlement. */
  wakeAtMs: number = Number.POSITIVE_INFINITY;
  /** The longest that it is held in all. */
  capAtMs: number = Number.POSITIVE_INFINITY;
  startedAtMs = 0;
  /** True until the handler's promise ends, whatever became of the delivery meanwhile. */
  isHandlerActive = false;
  hasPermit = false;
  /** True until a settlement begins or it is gone: it counts against what may be asked for. */
  takesRoom = true;
  /** What was decided first; it wins. */
  outcome: Outcome | undefined;
  /** What goes to the provider for it: a dead letter that was copied is acked. */
  settlement: Outcome | undefined;
  /** What was decided was not done, and another settlement took its place. */
  failure: QueueError | undefined;
  /** True while the settler has it. */
  isSubmitted = false;
  settleFailures = 0;
  /** True: a try of its settlement may have taken effect. */
  wasAmbiguous = false;
  #state: HeldState = "waiting";
  #controller: AbortController | undefined;
  #abortReason: QueueError | undefined;
  #completion: PromiseWithResolvers<void> | undefined;
  #error: Completion;

  constructor(delivery: Delivery<unknown>, key: string | undefined, ask: number) {
    this.delivery = delivery;
    this.key = key;
    this.ask = ask;
    this.attempt = attemptOf(delivery);
    this.handle = delivery.handle;
  }

  /** Of the lease that it is itself. */
  get leaseKey(): undefined {
    return undefined;
  }

  /** Of the lease that it is itself. */
  get holders(): readonly HeldDelivery[] {
    return this.lease === this ? [this] : [];
  }

  get state(): HeldState {
    return this.#state;
  }

  become(state: HeldState): void {
    if (!FOLLOWING[this.#state].includes(state)) {
      throw new Error(`a delivery cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  /** Made when somebody looks: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get abortReason(): QueueError | undefined {
    return this.#abortReason;
  }

  abort(reason: QueueError): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** The end of its settlement: resolves when the provider confirmed. */
  async completion(): Promise<void> {
    if (this.#state === "done") {
      if (this.#error !== undefined) throw this.#error;
      return;
    }
    this.#completion ??= Promise.withResolvers();
    await this.#completion.promise;
  }

  finish(error?: Completion): void {
    if (this.#state === "done") return;
    this.become("done");
    this.#error = error;
    if (error === undefined) this.#completion?.resolve();
    else this.#completion?.reject(error);
  }
}
