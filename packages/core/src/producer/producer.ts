import type { Feature } from "../driver/capabilities.ts";
import { checkedProducer } from "../driver/check-driver.ts";
import type { ProducerDriver } from "../driver/driver.ts";
import { isRecord, kindOf } from "../errors/check-options.ts";
import { isQueueError, queueError, QueueError } from "../errors/queue-error.ts";
import { placeError, wrapDriverError } from "../errors/wrap-error.ts";
import { composeSend } from "../middleware/compose.ts";
import type { OutgoingDraft } from "../middleware/middleware.ts";
import type { QueueProducer, SendOptions, SendResult, Sent } from "../queue-producer.ts";
import { cancelledError } from "../time/abort.ts";
import { SharedClose, type DrainTime } from "../time/drain-time.ts";
import { within } from "../time/within.ts";
import { KeyTurns, type Turn } from "./key-turns.ts";
import type { PendingSend } from "./pending-send.ts";
import { MessagePreparer, type PreparedMessage } from "./prepare-message.ts";
import type { ProducerSetup } from "./producer-setup.ts";
import { SendPipeline } from "./send-pipeline.ts";
import { sendPlace, type SendPlace } from "./send-place.ts";

/** A producer with the methods that only its owner, the client, may call. */
export interface ClosableProducer<Body, Uses extends Feature = never> extends QueueProducer<Body, Uses> {
  /** Resolves when messages can be sent. @throws NOT_FOUND, ACCESS_DENIED, UNAUTHENTICATED */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Flushes. Later sends reject with CLOSED. Sends not confirmed within `withinMs` reject with TIMEOUT;
   * without it, each send has its own time. A later call can shorten the time of an earlier one.
   */
  close(withinMs?: number): Promise<void>;
}

/** The one implementation of the producer, over any driver. */
export function createProducer<Body, Uses extends Feature>(
  setup: ProducerSetup,
): ClosableProducer<Body, Uses> {
  return new Producer<Body, Uses>(setup);
}

function openDriver({ adapter, target }: ProducerSetup): ProducerDriver {
  try {
    return checkedProducer(adapter.openProducer(target));
  } catch (error) {
    throw wrapDriverError(adapter, target, "open", error);
  }
}

/** How long a close waits for the driver to close. */
const DRIVER_CLOSE_MS = 500;

/** The most messages that one `sendMany` has on their way. At one per request, fewer are sent in some seconds. */
const MOST_AHEAD = 3_000;

class Producer<Body, Uses extends Feature> implements ClosableProducer<Body, Uses> {
  readonly #setup: ProducerSetup;
  readonly #driver: ProducerDriver;
  readonly #place: SendPlace;
  readonly #preparer: MessagePreparer;
  readonly #pipeline: SendPipeline;
  readonly #turns = new KeyTurns();
  readonly #hasMiddleware: boolean;
  /**
   * Twice what the requests in flight take, so that the next ones are full too. More where order counts: what is
   * sent meanwhile goes before the inputs that are still unread.
   */
  readonly #mostAhead: number;
  readonly #closing = new SharedClose<void>();

  constructor(setup: ProducerSetup) {
    this.#setup = setup;
    this.#driver = openDriver(setup);
    this.#place = sendPlace(setup);
    this.#preparer = new MessagePreparer(setup, this.#driver);
    this.#pipeline = new SendPipeline(setup, this.#driver);
    this.#hasMiddleware = setup.middleware.some((middleware) => middleware.send !== undefined);
    const { maxItems, maxInFlight } = setup.target.limits.send;
    const isOrdered = setup.details.orderingKey !== undefined;
    this.#mostAhead = isOrdered ? MOST_AHEAD : Math.min(MOST_AHEAD, 2 * maxItems * maxInFlight);
  }

  send(body: Body, options?: SendOptions<Uses>): Promise<Sent> {
    try {
      this.#assertOpen();
      const prepared = this.#preparer.prepare(body, options);
      const { orderingKey, verdict } = prepared;
      if (this.#hasMiddleware || verdict !== undefined || this.#turns.isTaken(orderingKey)) {
        return this.#sendInTurn(prepared, options?.signal);
      }
      const message = this.#preparer.finish(prepared);
      const sizeBytes = this.#preparer.measure(message, prepared);
      const pending = this.#pipeline.accept(orderingKey, options?.signal);
      this.#pipeline.enter(pending, message, sizeBytes);
      return pending.promise;
    } catch (error) {
      return Promise.reject(this.#placed(error));
    }
  }

  async sendMany(items: Iterable<{ readonly body: Body } & SendOptions<Uses>>): Promise<readonly Sent[]> {
    this.#assertOpen();
    if (typeof items?.[Symbol.iterator] !== "function") {
      throw new QueueError("INVALID_ARGUMENT", {
        what: "items: expected an iterable of { body, … }",
        ...this.#place,
      });
    }
    const sends: Promise<SendResult>[] = [];
    let broken: { readonly error: unknown } | undefined;
    try {
      for (const item of items) {
        // Reads an item only when there is room for it, so that a generator of any length fits into memory, and
        // when it can be sent soon: the time of a send begins when its item is read.
        if (this.#pipeline.isFull) await this.#pipeline.room();
        if (sends.length >= this.#mostAhead) await sends[sends.length - this.#mostAhead];
        sends.push(this.#resultOf(this.#sendItem(item, sends.length)));
        this.#assertOpen(); // the rest would be refused too, without a wait for room
      }
    } catch (error) {
      broken = { error };
    }
    const results = await Promise.all(sends);
    const failed = results.filter((result) => !result.ok).length;
    if (failed === 0 && broken === undefined)
      return results.flatMap((result) => (result.ok ? [result.value] : []));
    throw this.#partialSend(results, failed, broken);
  }

  async flush(): Promise<void> {
    await this.#pipeline.flush();
  }

  resume(orderingKey: string): void {
    this.#pipeline.resume(orderingKey);
  }

  async open(signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    try {
      await this.#driver.open?.(signal);
      this.#pipeline.isDriverOpen = true;
    } catch (error) {
      if (signal.aborted) throw cancelledError(signal, { ...this.#place, operation: "open" });
      throw wrapDriverError(this.#setup.adapter, this.#setup.target, "open", error);
    }
  }

  async close(withinMs: number = this.#setup.sendTimeoutMs): Promise<void> {
    await this.#closing.within(this.#setup.clock, withinMs, async (time) => await this.#end(time));
  }

  async #end(time: DrainTime): Promise<void> {
    try {
      await this.#pipeline.close(time);
    } finally {
      await within(this.#setup.clock, DRIVER_CLOSE_MS, this.#closeDriver());
    }
  }

  async #closeDriver(): Promise<void> {
    try {
      await this.#driver.close();
    } catch (error) {
      throw wrapDriverError(this.#setup.adapter, this.#setup.target, "send", error);
    }
  }

  #sendItem(item: unknown, index: number): Promise<Sent> {
    if (!isItem(item)) {
      const what = `items[${index}]: expected { body, … }, got ${isRecord(item) ? "no body" : kindOf(item)}`;
      return Promise.reject(new QueueError("INVALID_ARGUMENT", { what, ...this.#place }));
    }
    const { body, ...options } = item as { readonly body: Body } & SendOptions<Uses>;
    return this.send(body, options);
  }

  /** Sends a message whose preparation is asynchronous. Sends of one key keep the order of their calls. */
  #sendInTurn(prepared: PreparedMessage, signal: AbortSignal | undefined): Promise<Sent> {
    const { orderingKey, body } = prepared;
    const pending = this.#pipeline.accept(orderingKey, signal, body.length);
    const turn = orderingKey === undefined ? undefined : this.#turns.take(orderingKey);
    void this.#guard(this.#walk(prepared, pending, turn), pending, turn);
    return pending.promise;
  }

  /** Never rejects: only the message's own promise reports its result, whatever a middleware does. */
  async #guard(walk: Promise<void>, pending: PendingSend, turn: Turn | undefined): Promise<void> {
    try {
      // A hanging schema or middleware must not block its key for longer than its message lives.
      await Promise.race([walk, pending.promise]);
      await walk;
    } catch (error) {
      this.#pipeline.fail(pending, this.#placed(error), false);
      await this.#reportLate(pending, error);
    } finally {
      turn?.over();
    }
  }

  async #walk(prepared: PreparedMessage, pending: PendingSend, turn: Turn | undefined): Promise<void> {
    const last = async (draft: OutgoingDraft): Promise<Sent> => {
      await turn?.mine;
      const message = this.#preparer.finish(prepared, draft);
      this.#pipeline.enter(pending, message, this.#preparer.measure(message, prepared));
      turn?.over();
      return await pending.promise;
    };
    await prepared.verdict;
    try {
      await composeSend(this.#setup.middleware, last)(this.#preparer.draftOf(prepared));
    } catch (error) {
      throw isQueueError(error) ? error : hookThrew(error);
    }
    if (pending.message === undefined && !pending.isSettled) throw this.#swallowed();
  }

  /** A middleware that throws after the confirmation changes nothing, but its error is reported. */
  async #reportLate(pending: PendingSend, error: unknown): Promise<void> {
    const [{ status }] = await Promise.allSettled([pending.promise]);
    if (status === "rejected") return;
    const text = `A send middleware failed after its message was confirmed: ${this.#placed(error).message}`;
    this.#setup.events.emit("notice", { target: this.#place.target, text });
  }

  #assertOpen(): void {
    if (this.#closing.time === undefined) return;
    throw new QueueError("CLOSED", { what: "the producer is closed", ...this.#place });
  }

  #swallowed(): QueueError {
    return new QueueError("INVALID_ARGUMENT", {
      what: "a middleware ended without calling next(), so the message was not sent",
      remedy: "Call next() in the middleware's send(), or throw to refuse a message.",
      ...this.#place,
    });
  }

  #partialSend(
    results: readonly SendResult[],
    failed: number,
    broken: { readonly error: unknown } | undefined,
  ): QueueError {
    const [first] = results.flatMap((result) => (result.ok ? [] : [result.error]));
    const why = first === undefined ? "" : `, the first with ${first.code}`;
    const end = broken === undefined ? "" : "; the items could not be read to their end";
    const what = `${failed} of ${results.length} messages were not confirmed${why}${end}`;
    const cause = broken?.error ?? first;
    const ambiguous = results.some((result) => !result.ok && result.error.ambiguous);
    return queueError("PARTIAL_SEND", { what, ambiguous, ...this.#place, cause }, { results });
  }

  async #resultOf(sent: Promise<Sent>): Promise<SendResult> {
    try {
      return { ok: true, value: await sent };
    } catch (error) {
      return { ok: false, error: this.#placed(error) };
    }
  }

  #placed(error: unknown): QueueError {
    return placeError(error, this.#place);
  }
}

/** An error of the application: it is not one that anybody should report to us. */
function hookThrew(cause: unknown): QueueError {
  const remedy = "Its error is the cause.";
  return new QueueError("INTERNAL", { what: "a send middleware threw", remedy, cause });
}

function isItem(item: unknown): boolean {
  return isRecord(item) && "body" in item;
}
