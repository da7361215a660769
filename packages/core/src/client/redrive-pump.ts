import { splitRequests } from "../batching/split-requests.ts";
import { answerInTime } from "../consumer/answer-in-time.ts";
import { cutOffBy } from "../consumer/cut-off.ts";
import { alignedResults, isReceipt } from "../consumer/results-of-alive.ts";
import { timedRequest } from "../consumer/timed-request.ts";
import type { AdminDriver, EntityCounts } from "../driver/admin-driver.ts";
import { checkedConsumer, checkedProducer } from "../driver/check-driver.ts";
import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { ConsumerDriver, ItemResult, Operation, ProducerDriver, ReceiveAsk } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { redact } from "../errors/redact.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { copyOf } from "../message/copy-of.ts";
import { withoutUndefined } from "../message/without-undefined.ts";
import { within } from "../time/within.ts";
import { DEFAULTS } from "./defaults.ts";
import type { Place } from "./directory.ts";

/** The most deliveries held. Those the filter rejects are held to the end: else they would return at once. */
const MAX_HELD = 1_000_000;
/** Long enough for an empty reply to mean an empty queue on services that ask only some of their hosts. */
const LAST_WAIT_MS = 2_000;
const LEASE_MS = 600_000;
const OPEN_MS = 5_000;
const COUNT_MS = 5_000;
const SETTLE_MS = 30_000;
/** How long the end of a redrive waits for its drivers to close. */
const CLOSE_WITHIN_MS = 5_000;

/** The result of one batch. The failure may concern only some of its messages. */
interface Moved {
  readonly arrived: number;
  readonly failure: QueueError | undefined;
}

/** Receives, sends, acks, in this order: an interruption may duplicate a message but never loses one. */
export class RedrivePump {
  readonly #source: Place;
  readonly #from: Target;
  #admin: AdminDriver | undefined;
  readonly #producer: ProducerDriver;
  readonly #consumer: ConsumerDriver<unknown>;
  readonly #held = new Map<string, unknown>();
  /** The held messages delivered again since the last new one: their leases have ended. */
  readonly #again = new Set<string>();
  /** Ids of what died in the millisecond of the start: virtual time may stand still. */
  readonly #diedAtStart = new Set<string>();
  /** Thrown at the end. */
  #unmoved: QueueError | undefined;

  /** @param isFiltered what the filter passes over is held to the end */
  constructor(source: Place, from: Target, admin: AdminDriver | undefined, isFiltered: boolean) {
    const { adapter } = source.connection;
    this.#source = source;
    this.#from = from;
    this.#admin = admin;
    this.#producer = checkedProducer(adapter.openProducer(source.target, "redrive"));
    const consumer = adapter.openConsumer(from, {
      mode: "pull",
      leaseMs: Math.min(from.limits.lease.maxMs, LEASE_MS),
      flow: { maxOutstanding: from.limits.receive.maxItems * (isFiltered ? MAX_HELD : 1), lanes: 1 },
      events: { leasesLost: () => {}, fault: () => {} },
    });
    this.#consumer = checkedConsumer(consumer);
  }

  async *run(
    max: number,
    isChosen: (delivery: Delivery<unknown>) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly moved: number }> {
    await Promise.all(
      [this.#producer, this.#consumer].map(
        async (driver) =>
          await this.#inTime("open", OPEN_MS, async (ended) => await driver.open?.(ended), signal),
      ),
    );
    const { limits } = this.#from;
    const startedAtMs = Math.round(this.#source.connection.clock.wallNow()); // as the record of a death
    for (let moved = 0; moved < max;) {
      signal.throwIfAborted();
      const maxItems = Math.min(limits.receive.maxItems, max - moved);
      const deliveries = await this.#receive(maxItems, signal);
      if (deliveries.length === 0) {
        if (this.#unmoved !== undefined) throw this.#unmoved;
        return;
      }
      const fresh = deliveries.filter(({ providerId }) => !this.#held.has(providerId));
      for (const { providerId, handle } of deliveries) this.#held.set(providerId, handle);
      this.#noteAgain(deliveries, fresh.length > 0);
      const chosen = fresh.filter(
        (delivery) =>
          !this.#diedAgain(delivery, startedAtMs) && isChosen(delivery) && this.#isWhole(delivery),
      );
      const messages = chosen.map((delivery) => this.#outgoing(delivery));
      let begin = 0;
      for (const request of splitRequests(messages, this.#producer, this.#source.target)) {
        const batch = chosen.slice(begin, begin + request.length);
        begin += request.length;
        const { arrived, failure } = await this.#move(batch, request, signal);
        moved += arrived;
        if (arrived > 0) yield { moved };
        if (failure !== undefined) throw failure;
      }
    }
  }

  /** What is moved may fail again at once: moving that too could go on for ever. */
  #diedAgain({ id, attributes }: Delivery<unknown>, startedAtMs: number): boolean {
    // By the core's own record: a whole number of Unix epoch milliseconds.
    const atMs = Number(attributes[RESERVED.deadLast] ?? 0);
    const isAtStart = atMs === startedAtMs;
    const isKnown = isAtStart && this.#diedAtStart.has(id);
    if (isAtStart) this.#diedAtStart.add(id);
    return isKnown || atMs > startedAtMs;
  }

  /** A copy of a message that could not be read would be another one. It stays, and the end says so. */
  #isWhole({ malformed }: Delivery<unknown>): boolean {
    if (malformed === undefined) return true;
    this.#unmoved ??= new QueueError("INVALID_MESSAGE", {
      what: `a dead letter cannot be moved: ${redact(malformed.slice(0, 200))}`,
      remedy: "Take it with a consumer of dead letters.",
      operation: "admin",
      target: this.#from.name,
    });
    return false;
  }

  /** @throws LEASE_LOST if messages the filter rejected keep coming back before the others are reached */
  #noteAgain(deliveries: readonly Delivery<unknown>[], hasFresh: boolean): void {
    if (hasFresh) this.#again.clear();
    else if (deliveries.some(({ providerId }) => this.#again.has(providerId))) {
      throw new QueueError("LEASE_LOST", {
        what: "dead letters that the filter passed over came back before all others were looked at",
        remedy: "Redrive with `max` and without a filter, or lengthen the lease of the dead letters.",
        operation: "admin",
        target: this.#from.name,
      });
    } else for (const { providerId } of deliveries) this.#again.add(providerId);
  }

  /**
   * Returns nothing only if the service reports an empty queue, or a second receive finds nothing either: the
   * first wait may have ended before a slow service answered.
   */
  async #receive(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<unknown>[]> {
    const waitMs = await this.#waitMs(signal);
    const deliveries = await this.#ask({ maxItems, waitMs }, signal);
    if (deliveries.length > 0 || waitMs === 0) return deliveries;
    return await this.#ask({ maxItems, waitMs: 0 }, signal);
  }

  async #ask(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<unknown>[]> {
    const { clock } = this.#source.connection;
    const late = (deliveries: readonly Delivery<unknown>[]): void =>
      void this.#release(deliveries.map(({ handle }) => handle));
    const answer = this.#consumer.receiveBatch(ask, signal);
    const { deliveries, fault } = await answerInTime(clock, ask.waitMs, signal, answer, late);
    if (fault !== undefined && deliveries.length === 0) throw fault;
    return deliveries;
  }

  /** If the service counts exactly, an empty queue needs no wait. */
  async #waitMs(signal: AbortSignal): Promise<number> {
    const count = async (ended: AbortSignal): Promise<EntityCounts | undefined> =>
      await this.#admin?.inspect(this.#from, ended);
    const counts = await this.#inTime("admin", COUNT_MS, count, signal).catch(() => undefined);
    if (counts?.approximate === false && counts.ready === 0) return 0;
    if (counts?.approximate !== false) this.#admin = undefined;
    return Math.min(this.#from.limits.receive.maxWaitMs, LAST_WAIT_MS);
  }

  /** Gives back every message that was not moved, whatever happened before. */
  async close(): Promise<void> {
    await this.#release([...this.#held.values()]);
    const closed = Promise.allSettled([this.#producer.close(), this.#consumer.close()]).then(() => {});
    await within(this.#source.connection.clock, CLOSE_WITHIN_MS, closed);
  }

  /** Never rejects: a message that is not released returns when its lease ends. Without an answer it ends. */
  async #release(handles: readonly unknown[]): Promise<void> {
    const items = handles.map((handle) => ({ handle, delayMs: 0, cause: "unstarted" as const }));
    const { maxItems } = this.#from.limits.release;
    for (let start = 0; start < items.length; start += maxItems) {
      const some = items.slice(start, start + maxItems);
      const release = async (ended: AbortSignal): Promise<unknown> =>
        await this.#consumer.releaseBatch(some, ended);
      const error = await this.#inTime("release", SETTLE_MS, release).catch((thrown: unknown) => thrown);
      if (isQueueError(error, "TIMEOUT")) return;
    }
  }

  /** Never rejects: messages that have arrived count, whatever happened to the others. */
  async #move(
    batch: readonly Delivery<unknown>[],
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<Moved> {
    let sent: readonly ItemResult<unknown>[];
    try {
      // Never guess which message a result belongs to: a message that has not arrived could be acked.
      const send = async (ended: AbortSignal): Promise<readonly ItemResult<unknown>[]> =>
        await this.#producer.sendBatch(messages, ended);
      const results = await this.#inTime("send", DEFAULTS.sendTimeoutMs, send, signal);
      sent = alignedResults("send", batch.length, results, isReceipt);
    } catch (error) {
      return { arrived: 0, failure: this.#wrap("send", error) };
    }
    const arrived = batch.filter((_, index) => sent[index]?.ok === true);
    // Acks what has arrived even if others failed, so that it is not moved a second time.
    const unacked = arrived.length === 0 ? undefined : await this.#ack(arrived);
    if (arrived.length === batch.length) return { arrived: arrived.length, failure: unacked };
    const refused = sent.find((result) => !result?.ok);
    const error = refused?.ok === false ? refused.error : undefined;
    return { arrived: arrived.length, failure: this.#wrap("send", error) };
  }

  async #ack(arrived: readonly Delivery<unknown>[]): Promise<QueueError | undefined> {
    const handles = arrived.map(({ handle }) => handle);
    try {
      const acked = await this.#inTime("ack", SETTLE_MS, async (ended) =>
        alignedResults("ack", handles.length, await this.#consumer.ackBatch(handles, ended)),
      );
      for (const { providerId } of arrived) this.#held.delete(providerId);
      const failed = acked.find((result) => !result.ok);
      return failed?.ok === false ? this.#wrap("ack", failed.error) : undefined;
    } catch (error) {
      return this.#wrap("ack", error);
    }
  }

  /** A silent driver must not block the caller. Settlements have no `signal`: they go on when it aborts. */
  async #inTime<T>(
    operation: Operation,
    withinMs: number,
    call: (ended: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { clock } = this.#source.connection;
    return await cutOffBy(
      signal,
      async (cutOff) => await timedRequest(clock, operation, withinMs, call, cutOff),
    );
  }

  /** Names the source for a failed send, and the dead letters for a failed ack. */
  #wrap(operation: "send" | "ack", error: unknown): QueueError {
    const target = operation === "send" ? this.#source.target : this.#from;
    return wrapDriverError(this.#source.connection.adapter, target, operation, error);
  }

  /**
   * Makes a new message with the old content. Its deduplication id is new: within its window, the service
   * would drop a message with the old one. It has no due or expiry time, because it is wanted now, and no
   * attempts of earlier copies.
   */
  #outgoing(delivery: Delivery<unknown>): OutgoingMessage {
    const {
      [RESERVED.due]: _due,
      [RESERVED.expires]: _expires,
      [RESERVED.attempts]: _attempts,
      ...attributes
    } = delivery.attributes;
    return copyOf(delivery, this.#source.details.codec.contentType, {
      attributes,
      deduplicationId: crypto.randomUUID(),
      ...withoutUndefined({ orderingKey: delivery.orderingKey }),
    });
  }
}
