import { createBatcher, type Batcher } from "../batching/batcher.ts";
import { Epochs } from "../batching/epochs.ts";
import { Fifo } from "../batching/fifo.ts";
import type { OutgoingMessage } from "../driver/delivery.ts";
import type { ItemResult, ProducerDriver } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";
import { asAmbiguous } from "../errors/wrap-error.ts";
import { cancelledError } from "../time/abort.ts";
import type { Timer } from "../time/clock.ts";
import { DeadlineList } from "../time/deadline.ts";
import { ElapsedTime } from "../time/elapsed-time.ts";
import { TurnTime } from "../time/turn-time.ts";
import type { DrainTime } from "../time/drain-time.ts";
import { KeyLatches } from "./key-latches.ts";
import { PendingSend } from "./pending-send.ts";
import type { ProducerSetup } from "./producer-setup.ts";
import { sendPlace, type SendPlace } from "./send-place.ts";
import { SendRun, type SendOwner } from "./send-run.ts";
import { SignalSends } from "./signal-sends.ts";

const DONE: ItemResult = /* @__PURE__ */ Object.freeze({ ok: true, value: undefined });

/** Takes prepared messages to their confirmation: buffer, batches, retries, deadlines, latches. */
export class SendPipeline implements SendOwner {
  readonly #setup: ProducerSetup;
  readonly #driver: ProducerDriver;
  readonly #place: SendPlace;
  readonly #batcher: Batcher<PendingSend, undefined>;
  readonly #deadlines: DeadlineList<PendingSend>;
  readonly #turn: TurnTime;
  readonly #latches = new KeyLatches();
  readonly #signals = new SignalSends((pending, signal) => this.#giveUp(pending, signal));
  readonly #epochs = new Epochs();
  /** Messages that wait because the buffer is full, in order. */
  readonly #overflow = new Fifo<PendingSend>();
  #roomWaiters: (() => void)[] = [];
  /** Messages that wait for their next try, by timer. */
  readonly #retries = new Map<Timer, readonly PendingSend[]>();
  /** Bytes of accepted messages that are still with their schema or middleware. */
  #preparingBytes = 0;
  #lastSeq = 0;
  readonly time: ElapsedTime | undefined;
  isDriverOpen = false;

  constructor(setup: ProducerSetup, driver: ProducerDriver) {
    const { send } = setup.target.limits;
    this.#setup = setup;
    this.#driver = driver;
    this.#place = sendPlace(setup);
    this.#turn = new TurnTime(setup.clock);
    const { deduplication } = setup.target.capabilities;
    this.time = deduplication === "window" ? new ElapsedTime(setup.clock) : undefined;
    this.#deadlines = new DeadlineList(setup.clock, (pending) => {
      this.#expire(pending, `within ${setup.sendTimeoutMs} ms`);
    });
    this.#batcher = createBatcher<PendingSend, undefined>({
      ...send,
      sizeOf: (pending) => pending.sizeBytes,
      keyOf: (pending) => pending.orderingKey,
      uniformKey: setup.target.capabilities.batchKey === "uniform",
      clock: setup.clock,
      run: (items) => this.#run(items),
      onResult: () => this.#admit(),
    });
  }

  /**
   * Begins a send: its timeout and its signal apply from now. `bytes`: the approximate size of a message that
   * does not enter at once.
   * @throws CANCELLED if the signal is aborted already
   */
  accept(orderingKey: string | undefined, signal: AbortSignal | undefined, bytes = 0): PendingSend {
    if (signal?.aborted === true) throw cancelledError(signal, this.#place);
    this.#lastSeq += 1;
    const deadlineMs = this.#turn.now() + this.#setup.sendTimeoutMs;
    const pending = new PendingSend(this.#lastSeq, deadlineMs, this.#epochs.enter(), orderingKey);
    this.#deadlines.add(pending);
    pending.sizeBytes = bytes;
    this.#preparingBytes += bytes;
    if (signal !== undefined) this.#signals.add(pending, signal);
    return pending;
  }

  /** Puts an accepted message on its way. Has no effect if it is already settled. */
  enter(pending: PendingSend, message: OutgoingMessage, sizeBytes: number): void {
    if (pending.isSettled || this.refuseLatched(pending)) return;
    this.#preparingBytes -= pending.sizeBytes;
    pending.message = message;
    pending.orderingKey = message.orderingKey;
    pending.sizeBytes = sizeBytes;
    if (this.#overflow.length === 0 && this.#fits(pending)) {
      this.#batcher.push(pending);
    } else {
      this.#overflow.push(pending);
      this.#admit();
    }
  }

  get isFull(): boolean {
    const bytes = this.#batcher.pendingBytes + this.#preparingBytes;
    return this.#overflow.length > 0 || bytes >= this.#setup.maxBufferedBytes;
  }

  /** Resolves when the buffer has room. */
  async room(): Promise<void> {
    while (this.isFull) {
      await new Promise<void>((resolve) => {
        this.#roomWaiters.push(resolve);
      });
    }
  }

  resume(orderingKey: string): void {
    this.#latches.resume(orderingKey, this.#lastSeq, this.#deadlines.first?.seq ?? Infinity);
  }

  async flush(): Promise<void> {
    void this.#batcher.flush(); // batches stop waiting for more messages
    await this.#epochs.seal();
  }

  /** Gives up messages not confirmed in time. */
  async close(time: DrainTime): Promise<void> {
    if (!(await time.allows(this.flush()))) {
      for (const pending of this.#deadlines.all()) this.#expire(pending, "before the close");
    }
    this.#deadlines.stop();
    // Messages that still wait for a try are settled already: they were aborted or ran out of time.
    for (const [timer, items] of this.#retries) {
      timer.cancel();
      this.#batcher.requeue(items);
    }
    this.#retries.clear();
    await this.#batcher.close();
  }

  succeed(pending: PendingSend, providerId: string): void {
    if (pending.isSettled || pending.message === undefined) return;
    this.#settle(pending);
    pending.resolve({ id: pending.message.id, providerId });
  }

  /** Settles a send as failed. `latches`: the failure breaks the order of its key. */
  fail(pending: PendingSend, error: QueueError, latches: boolean): void {
    if (pending.isSettled) return;
    const final = isInDoubt(pending) ? asAmbiguous(error) : error;
    this.#settle(pending, final);
    if (latches && pending.orderingKey !== undefined)
      this.#latches.latch(pending.orderingKey, pending.seq, final, pending.deadlineMs);
    pending.reject(final);
  }

  /** Rejects a send whose key is latched, and returns whether it did. */
  refuseLatched(pending: PendingSend): boolean {
    const cause = this.#latches.failureBefore(pending.orderingKey, pending.seq);
    if (cause === undefined) return false;
    const error = new QueueError("UNAVAILABLE", {
      what: "an earlier message with this ordering key failed, so this one was not sent",
      remedy:
        "Send the failed message again or give it up, call resume(orderingKey), then send this one again.",
      retryable: false,
      ...this.#place,
      cause,
    });
    this.fail(pending, error, false);
    return true;
  }

  async #run(items: readonly PendingSend[]): Promise<readonly (ItemResult | undefined)[]> {
    const run = new SendRun(this.#setup, this.#driver, this);
    try {
      await run.attempt(items);
    } catch (error) {
      // Whatever failed, the service may have taken these messages, and nothing else would settle them.
      const what = "the send broke off";
      const broken = new QueueError("INTERNAL", { what, ambiguous: true, ...this.#place, cause: error });
      for (const pending of items) this.fail(pending, broken, true);
    }
    if (items.every((pending) => pending.isSettled)) return items.map(() => DONE);
    this.#retryLater(
      items.filter((pending) => !pending.isSettled),
      run.retryMs,
    );
    return items.map((pending) => (pending.isSettled ? DONE : undefined));
  }

  #retryLater(items: readonly PendingSend[], delayMs: number): void {
    const timer = this.#setup.clock.setTimer(
      () => {
        this.#retries.delete(timer);
        this.#batcher.requeue(items);
      },
      delayMs,
      true, // keeps the process alive while a send waits for its next try
    );
    this.#retries.set(timer, items);
  }

  /** Admits waiting messages that fit. A message larger than the whole buffer is sent alone. */
  #admit(): void {
    for (let next = this.#overflow.peek(); next !== undefined; next = this.#overflow.peek()) {
      if (!next.isSettled && !this.#fits(next)) return;
      this.#overflow.take();
      if (!next.isSettled) this.#batcher.push(next);
    }
    this.#tellRoom();
  }

  #tellRoom(): void {
    if (this.#roomWaiters.length === 0 || this.isFull) return;
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  #fits({ sizeBytes }: PendingSend): boolean {
    const buffered = this.#batcher.pendingBytes;
    return buffered === 0 || buffered + sizeBytes <= this.#setup.maxBufferedBytes;
  }

  #giveUp(pending: PendingSend, signal: AbortSignal): void {
    const ambiguous = isInDoubt(pending);
    // A message never handed over breaks no order; one on its way may arrive after the next of its key.
    this.fail(pending, cancelledError(signal, { ...this.#place, ambiguous }), ambiguous);
  }

  #expire(pending: PendingSend, when: string): void {
    const error = new QueueError("TIMEOUT", {
      what: `no confirmation ${when}`,
      ambiguous: isInDoubt(pending),
      ...this.#place,
      cause: pending.lastError,
    });
    this.fail(pending, error, true);
  }

  #settle(pending: PendingSend, error?: QueueError): void {
    pending.isSettled = true;
    pending.unlisten?.();
    this.#deadlines.delete(pending);
    this.#epochs.leave(pending.epoch);
    if (pending.message === undefined) {
      this.#preparingBytes -= pending.sizeBytes;
      this.#tellRoom();
    }
    if (error !== undefined) pending.call?.leave(error);
  }
}

/** True if the service may have taken the message. */
function isInDoubt(pending: PendingSend): boolean {
  return pending.mayBeApplied || pending.call?.isHandedOver === true;
}
