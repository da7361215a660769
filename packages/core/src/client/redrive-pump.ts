import { countFitting } from "../batching/split-requests.ts";
import { alignedResults, isReceipt } from "../consumer/results-of-alive.ts";
import { requestUntil } from "../consumer/timed-request.ts";
import type { AdminDriver } from "../driver/admin-driver.ts";
import { checkedProducer } from "../driver/check-driver.ts";
import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { ItemResult, ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { QueueError } from "../errors/queue-error.ts";
import { redactShort } from "../errors/redact.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { copyOf } from "../message/copy-of.ts";
import { withoutUndefined } from "../message/without-undefined.ts";
import { within } from "../time/within.ts";
import { DEFAULTS } from "./defaults.ts";
import type { Place } from "./directory.ts";
import { inParts, takeRequests, type RedriveCopy } from "./redrive-requests.ts";
import { OPEN_MS, RedriveSource } from "./redrive-source.ts";

/** How long the end of a redrive waits for its drivers to close. */
const CLOSE_WITHIN_MS = 5_000;

/** Which deliveries have arrived. The failure may concern only some of the others. */
interface Moved {
  readonly arrived: readonly Delivery<unknown>[];
  readonly failure: QueueError | undefined;
}

/** Receives, sends, acks, in this order: an interruption may duplicate a message but never loses one. */
export class RedrivePump {
  readonly #source: Place;
  readonly #from: Target;
  readonly #producer: ProducerDriver;
  readonly #deadLetters: RedriveSource;
  /** Ids of what died in the millisecond of the start: virtual time may stand still. */
  readonly #diedAtStart = new Set<string>();
  /** Thrown at the end. */
  #unmoved: QueueError | undefined;

  /** @param isFiltered what the filter passes over is held to the end */
  constructor(source: Place, from: Target, admin: AdminDriver | undefined, isFiltered: boolean) {
    const { adapter, clock } = source.connection;
    this.#source = source;
    this.#from = from;
    this.#producer = checkedProducer(adapter.openProducer(source.target, "redrive"));
    this.#deadLetters = new RedriveSource(adapter, from, admin, clock, isFiltered);
  }

  async *run(
    max: number,
    isChosen: (delivery: Delivery<unknown>) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly moved: number }> {
    const { connection, target } = this.#source;
    const { clock } = connection;
    const fitting = (copies: readonly RedriveCopy[]): number =>
      countFitting(messagesOf(copies), this.#producer, target);
    const open = async (ended: AbortSignal): Promise<void> => await this.#producer.open?.(ended);
    await Promise.all([requestUntil(clock, "open", OPEN_MS, open, signal), this.#deadLetters.open(signal)]);
    const { receive, ack } = this.#from.limits;
    const mostAsks = Math.min(receive.parallel, ack.maxInFlight);
    const startedAtMs = Math.round(clock.wallNow()); // as the record of a death
    for (let moved = 0, asks = 1; moved < max;) {
      signal.throwIfAborted();
      const { count, fresh } = await this.#deadLetters.receive(asks, max - moved, signal);
      if (count === 0) {
        if (this.#unmoved !== undefined) throw this.#unmoved;
        return;
      }
      asks = Math.min(mostAsks, 2 * Math.ceil(count / receive.maxItems));
      const chosen = fresh.filter(
        (delivery) =>
          !this.#diedAgain(delivery, startedAtMs) && isChosen(delivery) && this.#isWhole(delivery),
      );
      for (let left = this.#copies(chosen); left.length > 0;) {
        const [requests, later] = takeRequests(left, target.limits.send.maxInFlight, fitting);
        left = later;
        // Nothing is on its way while the caller looks at the count: it may leave, or stop, with an exact one.
        const { arrived, failure } = await this.#move(requests, signal);
        moved += arrived.length;
        if (arrived.length > 0) yield { moved };
        if (failure !== undefined) throw failure;
      }
    }
  }

  /** The messages of a key are together, so that its requests are full where a request holds one key only. */
  #copies(chosen: readonly Delivery<unknown>[]): readonly RedriveCopy[] {
    const byKey = [...Map.groupBy(chosen, ({ orderingKey }) => orderingKey).values()].flat();
    return byKey.map((delivery) => ({ delivery, message: this.#outgoing(delivery) }));
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

  /** Never rejects. Acks what has arrived even if others failed, so that it is not moved a second time. */
  async #move(requests: readonly (readonly RedriveCopy[])[], signal: AbortSignal): Promise<Moved> {
    const results = await Promise.all(requests.map(async (request) => await this.#send(request, signal)));
    const arrived = results.flatMap((result) => result.arrived);
    const parts = inParts(arrived, this.#from.limits.ack.maxItems);
    const unacked = await Promise.all(parts.map(async (part) => await this.#deadLetters.ack(part)));
    const failures = [...results.map(({ failure }) => failure), ...unacked];
    return { arrived, failure: failures.find((failure) => failure !== undefined) };
  }

  /** A copy of a message that could not be read would be another one. It stays, and the end says so. */
  #isWhole({ malformed }: Delivery<unknown>): boolean {
    if (malformed === undefined) return true;
    this.#unmoved ??= new QueueError("INVALID_MESSAGE", {
      what: `a dead letter cannot be moved: ${redactShort(malformed)}`,
      remedy: "Take it with a consumer of dead letters.",
      operation: "admin",
      target: this.#from.name,
    });
    return false;
  }

  /** Never rejects: messages that have arrived count, whatever happened to the others. */
  async #send(copies: readonly RedriveCopy[], signal: AbortSignal): Promise<Moved> {
    const { adapter, clock } = this.#source.connection;
    const wrap = (error: unknown): QueueError => wrapDriverError(adapter, this.#source.target, "send", error);
    try {
      // Never guess which message a result belongs to: a message that has not arrived could be acked.
      const send = async (ended: AbortSignal): Promise<readonly ItemResult<unknown>[]> =>
        await this.#producer.sendBatch(messagesOf(copies), ended);
      const results = await requestUntil(clock, "send", DEFAULTS.sendTimeoutMs, send, signal);
      const sent = alignedResults("send", copies.length, results, isReceipt);
      const refused = sent.find((result) => !result.ok);
      return {
        arrived: copies.flatMap(({ delivery }, index) => (sent[index]?.ok === true ? delivery : [])),
        failure: refused?.ok === false ? wrap(refused.error) : undefined,
      };
    } catch (error) {
      return { arrived: [], failure: wrap(error) };
    }
  }

  /** Gives back every message that was not moved, whatever happened before. */
  async close(): Promise<void> {
    await this.#deadLetters.release();
    const closed = Promise.allSettled([this.#producer.close(), this.#deadLetters.close()]).then(() => {});
    await within(this.#source.connection.clock, CLOSE_WITHIN_MS, closed);
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

function messagesOf(copies: readonly RedriveCopy[]): readonly OutgoingMessage[] {
  return copies.map(({ message }) => message);
}
