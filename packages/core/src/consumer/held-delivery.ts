import type { Delivery } from "../driver/delivery.ts";
import { attemptOf } from "./attempt-of.ts";
import type { Outcome } from "../driver/event-source.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { Lease, LeasePause } from "./lease.ts";
import type { Renewal } from "./renewals.ts";

/**
 * `waiting`: no handler has begun · `running` · `parked`: held back here before its release, because the
 * service cannot delay · `settling`: a settlement was decided · `done`: settled, lost or let go.
 */
export type HeldState = "waiting" | "running" | "parked" | "settling" | "done";

const FOLLOWING: Readonly<Record<HeldState, readonly HeldState[]>> = {
  waiting: ["running", "parked", "settling", "done"],
  running: ["parked", "settling", "done"],
  parked: ["settling", "done"],
  settling: ["parked", "done"],
  done: [],
};

/** Why the delivery was not settled. Undefined: the provider confirmed it. */
export type Completion = QueueError | undefined;

/** One delivery in hand, from arrival to end. Fields, not closures: there is one of these per message. */
export class HeldDelivery implements Lease {
  readonly delivery: Delivery<unknown>;
  /** Key of its lane. Undefined: it has none. */
  readonly key: string | undefined;
  /** Number of the ask that brought it. */
  readonly ask: number;
  readonly attempt: number;
  /** Settles the delivery. Replaced when the message is handed over again while it is in hand. */
  handle: unknown;
  /** The delivery itself, unless it shares a lease. */
  lease: Lease | undefined;
  untilMs: number = Infinity;
  promisedUntilMs: number | undefined;
  renewAtMs: number = Infinity;
  renewing: Renewal | undefined;
  pause: LeasePause | undefined;
  previous: Lease | undefined;
  next: Lease | undefined;
  /** The next in its chain of `KnownMessages`. */
  nextKnown: HeldDelivery | undefined;
  /** Hash of its provider id, once `KnownMessages` has computed it. */
  idHash: number | undefined;
  /** When the lease keeper calls back: time limit of the run, end of parking, next try of a settlement. */
  wakeAtMs: number = Infinity;
  /** Lease time up to which it may be held at most. */
  capAtMs: number = Infinity;
  startedAtMs = 0;
  /** True: its run was over, and got the grace of a limit that is seen late. */
  hadGrace = false;
  /** True until the handler's promise settles, even if the delivery is gone before that. */
  isHandlerActive = false;
  hasPermit = false;
  /** True until a settlement begins or the delivery is gone. Until then it takes room from further asks. */
  takesRoom = true;
  /** The first decision. It wins. */
  outcome: Outcome | undefined;
  /** What is sent to the provider. A dead letter that was copied is acked. */
  settlement: Outcome | undefined;
  /** Why `outcome` could not be carried out, so that another settlement took its place. */
  failure: QueueError | undefined;
  /** True while the settler has it. */
  isSubmitted = false;
  settleFailures = 0;
  /** True: a try of the settlement may have taken effect. */
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

  /** As a lease of its own, it has no key. */
  get leaseKey(): undefined {
    return undefined;
  }

  /** As a lease of its own, it has one holder: itself. */
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

  /** Created when first read: most handlers never read it. */
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

  /** True: somebody holds the signal, and it is aborted. */
  get wasToldToStop(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  abort(reason: QueueError): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** Resolves when the provider has confirmed the settlement. */
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
