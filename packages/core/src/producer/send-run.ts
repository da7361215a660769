import type { OutgoingMessage } from "../driver/delivery.ts";
import { alignedResults, isReceipt } from "../consumer/results-of-alive.ts";
import { randomOf } from "../time/clock.ts";
import type { ItemResult, ProducerDriver, SendReceipt } from "../driver/driver.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { ErrorCode } from "../errors/error-codes.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { requestRetryMs } from "../retry/request-retry.ts";
import type { ElapsedTime } from "../time/elapsed-time.ts";
import { SendCall, type PendingSend } from "./pending-send.ts";
import type { ProducerSetup } from "./producer-setup.ts";

/** Receives the results of a run. */
export interface SendOwner {
  isDriverOpen: boolean;
  /** Also counts the machine's sleep. Undefined: the service remembers no deduplication ids. */
  readonly time: ElapsedTime | undefined;
  succeed(pending: PendingSend, providerId: string): void;
  fail(pending: PendingSend, error: QueueError, latches: boolean): void;
  refuseLatched(pending: PendingSend): boolean;
}

/** Codes with which one bad message may cause an atomic batch to be refused. */
const BY_ONE_MESSAGE: ReadonlySet<ErrorCode> = new Set([
  "INVALID_MESSAGE",
  "INVALID_ARGUMENT",
  "MESSAGE_TOO_LARGE",
  "BATCH_TOO_LARGE",
]);

type SendResults = readonly ItemResult<SendReceipt>[];

/** One run of a batch. Each message ends settled, or unsettled for another try after `retryMs`. */
export class SendRun {
  readonly #setup: ProducerSetup;
  readonly #driver: ProducerDriver;
  readonly #owner: SendOwner;
  /** Keys with a message that waits for another try. No later message of such a key may be sent before it. */
  readonly #heldKeys = new Set<string>();
  /** One random number for the whole run, so that its messages are retried together. */
  readonly #jitter: number;
  retryMs = 0;

  constructor(setup: ProducerSetup, driver: ProducerDriver, owner: SendOwner) {
    this.#setup = setup;
    this.#jitter = randomOf(setup.clock)();
    this.#driver = driver;
    this.#owner = owner;
  }

  async attempt(items: readonly PendingSend[]): Promise<void> {
    const mayAll = items.every((pending) => this.#mayGo(pending));
    const live = mayAll ? items : items.filter((pending) => this.#mayGo(pending));
    if (live.length === 0) return;
    if (!this.#owner.isDriverOpen) {
      const opened = await this.#open(live);
      if (opened) await this.attempt(live);
      return;
    }
    const refused = await this.#send(live);
    if (refused.length === 0) return;
    // One bad message made the service refuse all: halving finds it. In order, because of the keys.
    const middle = Math.ceil(refused.length / 2);
    await this.attempt(refused.slice(0, middle));
    await this.attempt(refused.slice(middle));
  }

  #mayGo(pending: PendingSend): boolean {
    if (pending.isSettled || this.#owner.refuseLatched(pending)) return false;
    if (pending.mayBeApplied && pending.lastError !== undefined && !this.#mayRepeat(pending)) {
      this.#owner.fail(pending, pending.lastError, true);
      return false;
    }
    return pending.orderingKey === undefined || !this.#heldKeys.has(pending.orderingKey);
  }

  async #open(live: readonly PendingSend[]): Promise<boolean> {
    const call = begin(live);
    try {
      await Promise.race([this.#driver.open?.(call.signal), call.abandoned]);
      end(live);
      this.#owner.isDriverOpen ||= !call.signal.aborted;
      return this.#owner.isDriverOpen;
    } catch (error) {
      end(live);
      const wrapped = this.#wrap("open", error);
      for (const pending of live) if (!pending.isSettled) this.#failed(pending, wrapped, true);
      this.#reportRetry(live);
      return false;
    }
  }

  /** Returns the messages of a refused atomic batch, which are to be sent in halves. */
  async #send(live: readonly PendingSend[]): Promise<readonly PendingSend[]> {
    const { clock, events, target } = this.#setup;
    const messages = live.map(({ message }) => message!); // each has one since it entered the pipeline
    const call = begin(live);
    const startMs = clock.now();
    call.isHandedOver = true;
    const sentAtMs = this.#owner.time?.read();
    if (sentAtMs !== undefined)
      for (const pending of live) pending.sentAtMs = Math.min(pending.sentAtMs, sentAtMs);
    const results = await this.#sendBatch(messages, call);
    end(live);
    // Judged before the event: a listener may abort a send, which must already know its result.
    const refused = this.#judge(live, results);
    if (events.isActive("send")) {
      const failed = results.filter((result) => !result.ok).length;
      events.emit("send", {
        target: target.name,
        count: live.length,
        failed,
        durationMs: clock.now() - startMs,
      });
    }
    return refused;
  }

  async #sendBatch(messages: readonly OutgoingMessage[], call: SendCall): Promise<SendResults> {
    try {
      // If abandoned, all are settled and the results do not matter. A hanging driver must not keep the slot.
      const results = await Promise.race([this.#driver.sendBatch(messages, call.signal), call.abandoned]);
      // Never guess which message a result belongs to: a message that was not stored could be confirmed.
      return alignedResults("send", messages.length, results ?? [], isReceipt);
    } catch (error) {
      return messages.map(() => ({ ok: false, error }));
    }
  }

  /** Settles the decided messages; returns those of a refused atomic batch, to be sent in halves. */
  #judge(live: readonly PendingSend[], results: SendResults): readonly PendingSend[] {
    let failed = 0;
    live.forEach((pending, index) => {
      const result = results[index];
      if (result?.ok === true)
        this.#owner.succeed(pending, result.value.providerId ?? pending.message?.id ?? "");
      else failed += 1;
    });
    return failed === 0 ? live.slice(0, 0) : this.#judgeFailures(live, results);
  }

  #judgeFailures(live: readonly PendingSend[], results: SendResults): readonly PendingSend[] {
    const errors = live.map((pending, index) => {
      const result = results[index];
      return result?.ok === false ? this.#wrap("send", result.error, pending.sizeBytes) : undefined;
    });
    // What is made anew in its place is looked at like the first one: it may keep nothing that it is sent.
    if (errors.some((error) => error?.code === "NOT_FOUND")) this.#owner.isDriverOpen = false;
    const lastSent = lastOfKeys(live, (index) => results[index]?.ok === true);
    const lastPerhapsSent = lastOfKeys(live, (index) => errors[index]?.ambiguous !== false);
    const failures: (readonly [PendingSend, QueueError, isOvertaken: boolean])[] = [];
    for (const [index, pending] of live.entries()) {
      const error = errors[index];
      if (pending.isSettled || error === undefined) continue;
      // Two that were lost together, with the answer to the call, are both sent again in their order.
      const lastPerhaps = lastPerhapsSent.get(pending.orderingKey) ?? index;
      const isLostTogether = errorOf(results[lastPerhaps]) === errorOf(results[index]);
      const last = isLostTogether ? (lastSent.get(pending.orderingKey) ?? index) : lastPerhaps;
      failures.push([pending, error, last > index]);
    }
    const refused = failures.filter(([, error, isOvertaken]) => !isOvertaken && this.#isByOneMessage(error));
    const isDivisible = refused.length > 1;
    for (const failure of failures) {
      const [pending, error, isOvertaken] = failure;
      if (!(isDivisible && refused.includes(failure))) this.#failed(pending, error, !isOvertaken);
    }
    const halves = isDivisible ? refused.map(([pending]) => pending) : [];
    this.#reportRetry(failures.map(([pending]) => pending).filter((pending) => !halves.includes(pending)));
    return halves;
  }

  /** Retries if there is time and nothing is duplicated, else fails. `mayRetry` is false if overtaken. */
  #failed(pending: PendingSend, error: QueueError, mayRetry: boolean): void {
    pending.failures += 1;
    pending.lastError = error;
    pending.mayBeApplied ||= error.ambiguous;
    if (this.#owner.refuseLatched(pending)) return; // an earlier one in this batch failed for good
    const retryMs = mayRetry ? this.#retryMs(pending, error) : undefined;
    if (retryMs === undefined) {
      // Some queues have a limit that only the driver learns: like the core's own check, it breaks no order.
      this.#owner.fail(pending, error, error.code !== "MESSAGE_TOO_LARGE" || pending.mayBeApplied);
      return;
    }
    this.retryMs = Math.max(this.retryMs, retryMs);
    if (pending.orderingKey !== undefined) this.#heldKeys.add(pending.orderingKey);
  }

  #retryMs(pending: PendingSend, error: QueueError): number | undefined {
    return requestRetryMs({
      error,
      failures: pending.failures,
      mayRepeat: this.#mayRepeat(pending),
      leftMs: pending.deadlineMs - this.#setup.clock.now(),
      random: () => this.#jitter,
    });
  }

  /** False: it could be stored twice. A machine that slept may have outlasted what the service remembers. */
  #mayRepeat({ message, sentAtMs }: PendingSend): boolean {
    const { retryAmbiguous, sendTimeoutMs } = this.#setup;
    if (retryAmbiguous !== "ifDeduplicated") return retryAmbiguous === "always";
    const { time } = this.#owner;
    if (time === undefined || message?.deduplicationId === undefined) return false;
    return time.read() - sentAtMs <= sendTimeoutMs;
  }

  #reportRetry(failed: readonly PendingSend[]): void {
    const again = failed.filter((pending) => !pending.isSettled);
    const [first] = again;
    if (first?.lastError === undefined) return;
    this.#setup.events.emit("send-retry", {
      target: this.#setup.target.name,
      count: again.length,
      attempt: first.failures,
      delayMs: this.retryMs,
      error: first.lastError,
    });
  }

  #wrap(operation: "open" | "send", error: unknown, sizeBytes?: number): QueueError {
    return wrapDriverError(this.#setup.adapter, this.#setup.target, operation, error, sizeBytes);
  }

  #isByOneMessage(error: QueueError): boolean {
    if (error.ambiguous || !BY_ONE_MESSAGE.has(error.code)) return false;
    return error.code === "BATCH_TOO_LARGE" || this.#setup.target.capabilities.batchFailure === "atomic";
  }
}

function begin(live: readonly PendingSend[]): SendCall {
  const call = new SendCall(live.length);
  for (const pending of live) pending.call = call;
  return call;
}

function end(live: readonly PendingSend[]): void {
  for (const pending of live) pending.call = undefined;
}

function errorOf(result: ItemResult<unknown> | undefined): unknown {
  return result?.ok === false ? result.error : undefined;
}

/** The place of the last message of each key that passes. */
function lastOfKeys(
  live: readonly PendingSend[],
  isPassing: (index: number) => boolean,
): ReadonlyMap<string | undefined, number> {
  const last = new Map<string | undefined, number>();
  for (const [index, { orderingKey }] of live.entries())
    if (orderingKey !== undefined && isPassing(index)) last.set(orderingKey, index);
  return last;
}
