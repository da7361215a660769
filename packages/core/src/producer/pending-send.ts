import type { OutgoingMessage } from "../driver/delivery.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { Epoch } from "../batching/epochs.ts";
import type { Sent } from "../queue-producer.ts";
import type { Dated } from "../time/deadline.ts";

/** One message, from `send` until its promise is settled. */
export class PendingSend implements Dated<PendingSend> {
  readonly seq: number;
  readonly deadlineMs: number;
  readonly epoch: Epoch;
  readonly promise: Promise<Sent>;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: QueueError) => void;
  orderingKey: string | undefined;
  /** Set when it enters the pipeline. */
  message: OutgoingMessage | undefined;
  sizeBytes = 0;
  isSettled = false;
  /** The number of failed tries. */
  failures = 0;
  lastError: QueueError | undefined;
  /** True: an earlier try may have taken effect. */
  mayBeApplied = false;
  /** When it was handed over first, by the time of `SendOwner`. */
  sentAtMs: number = Infinity;
  /** The driver call that is sending it now. */
  call: SendCall | undefined;
  /** Stops listening to the caller's signal. */
  unlisten: (() => void) | undefined;
  previous: PendingSend | undefined;
  next: PendingSend | undefined;

  constructor(seq: number, deadlineMs: number, epoch: Epoch, orderingKey: string | undefined) {
    this.seq = seq;
    this.deadlineMs = deadlineMs;
    this.epoch = epoch;
    this.orderingKey = orderingKey;
    this.promise = new Promise(keepEnds);
    this.resolve = ends.resolve;
    this.reject = ends.reject;
  }
}

const ends: { resolve: PendingSend["resolve"]; reject: PendingSend["reject"] } = {
  resolve: () => {},
  reject: () => {},
};

/** One shared function: a closure for each would cost one more object per message. */
function keepEnds(resolve: PendingSend["resolve"], reject: PendingSend["reject"]): void {
  ends.resolve = resolve;
  ends.reject = reject;
}

/** One call of the driver. It is aborted when none of its messages is awaited any more. */
export class SendCall {
  readonly #controller = new AbortController();
  readonly abandoned: Promise<undefined>;
  #abandon: () => void = () => {};
  #waiting: number;
  /** False while the driver is still being opened. */
  isHandedOver = false;

  constructor(messages: number) {
    this.#waiting = messages;
    this.abandoned = new Promise((resolve) => {
      this.#abandon = () => {
        resolve(undefined);
      };
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  leave(reason: QueueError): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#controller.abort(reason);
    this.#abandon();
  }
}
