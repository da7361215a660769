import type { AdminDriver } from "../driver/admin-driver.ts";
import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { ConsumerDriver, ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { functionProblems, refuseProblems } from "../errors/check-options.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { rawMessage } from "../message/decode-message.ts";
import type { RedriveOptions } from "./client-types.ts";
import { aborted } from "./aborted.ts";
import { locateDeadLetters, type Directory, type Place } from "./directory.ts";

/** Moves dead letters back to their source; by the service itself where nothing is to be chosen and it can. */
export async function* redrive(
  place: Place,
  directory: Directory,
  options: RedriveOptions,
  signal: AbortSignal,
): AsyncGenerator<{ readonly moved: number }> {
  const { max = Number.POSITIVE_INFINITY, filter } = options;
  checkChoice(max, filter);
  const source = directory.find(place.details.of ?? place.details);
  const { adapter } = source.connection;
  const from = await locateDeadLetters(place, directory, signal);
  try {
    const admin = adapter.admin === undefined ? undefined : await source.connection.admin();
    if (max === Number.POSITIVE_INFINITY && filter === undefined && admin?.redrive !== undefined) {
      yield* admin.redrive(from, source.target, signal);
      return;
    }
    const pump = new Pump(source, from, admin, filter === undefined ? 1 : MAX_HELD);
    try {
      yield* pump.run(max, filter ?? (() => true), signal);
    } finally {
      await pump.close();
    }
  } catch (error) {
    throw signal.aborted ? aborted(signal, from) : wrapDriverError(adapter, from, "admin", error);
  }
}

function checkChoice(max: number, filter: unknown): void {
  const isCount = max >= 1 && (Number.isSafeInteger(max) || max === Number.POSITIVE_INFINITY);
  refuseProblems([
    ...(isCount ? [] : ["redrive.max: expected a whole number from 1"]),
    ...functionProblems({ filter }, ["filter"], "redrive"),
  ]);
}

/** Deliveries that a filter has passed over are held until the end, else they would be handed over again at once. */
const MAX_HELD = 1_000_000;
/** Long enough that an empty reply means an empty queue on services that answer from a sample of their hosts. */
const LAST_WAIT_MS = 2_000;
const LEASE_MS = 600_000;

/** Receives, sends, acks: in this order, so that an interruption duplicates and never loses. */
class Pump {
  readonly #source: Place;
  readonly #from: Target;
  #admin: AdminDriver | undefined;
  readonly #producer: ProducerDriver;
  readonly #consumer: ConsumerDriver<unknown>;
  readonly #held = new Map<string, unknown>();

  constructor(source: Place, from: Target, admin: AdminDriver | undefined, batches: number) {
    const { adapter } = source.connection;
    this.#source = source;
    this.#from = from;
    this.#admin = admin;
    this.#producer = adapter.openProducer(source.target);
    this.#consumer = adapter.openConsumer(from, {
      mode: "pull",
      leaseMs: Math.min(from.limits.lease.maxMs, LEASE_MS),
      flow: { maxOutstanding: from.limits.receive.maxItems * batches, lanes: 1 },
      events: { leasesLost: () => {}, fault: () => {} },
    });
  }

  async *run(
    max: number,
    filter: NonNullable<RedriveOptions["filter"]>,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly moved: number }> {
    await Promise.all([this.#producer.open?.(signal), this.#consumer.open?.(signal)]);
    const { limits } = this.#from;
    for (let moved = 0; moved < max;) {
      signal.throwIfAborted();
      const maxItems = Math.min(limits.receive.maxItems, max - moved);
      const deliveries = await this.#receive(maxItems, signal);
      const fresh = deliveries.filter(({ providerId }) => !this.#held.has(providerId));
      for (const { providerId, handle } of deliveries) this.#held.set(providerId, handle);
      // Nothing, or only what the filter has passed over already and whose lease ran out.
      if (fresh.length === 0) return;
      const chosen = fresh.filter((delivery) => filter(rawMessage(delivery)));
      for (const batch of this.#split(chosen)) {
        await this.#move(batch, signal);
        moved += batch.length;
        yield { moved };
      }
    }
  }

  /** Nothing: the service has said so, and nothing came within a wait that may have ended before a slow one answered. */
  async #receive(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<unknown>[]> {
    const waitMs = await this.#waitMs(signal);
    const deliveries = await this.#consumer.receiveBatch({ maxItems, waitMs }, signal);
    if (deliveries.length > 0 || waitMs === 0) return deliveries;
    return await this.#consumer.receiveBatch({ maxItems, waitMs: 0 }, signal);
  }

  /** Where the service counts exactly, an empty queue is known without waiting for what does not come. */
  async #waitMs(signal: AbortSignal): Promise<number> {
    const counts = await this.#admin?.inspect(this.#from, signal).catch(() => undefined);
    if (counts?.approximate === false && counts.ready === 0) return 0;
    if (counts?.approximate !== false) this.#admin = undefined;
    return Math.min(this.#from.limits.receive.maxWaitMs, LAST_WAIT_MS);
  }

  /** Gives back everything that was not moved, whatever happened before. */
  async close(): Promise<void> {
    const { signal } = new AbortController();
    const items = [...this.#held.values()].map((handle) => ({
      handle,
      delayMs: 0,
      cause: "unstarted" as const,
    }));
    const { maxItems } = this.#from.limits.release;
    try {
      for (let start = 0; start < items.length; start += maxItems) {
        await this.#consumer.releaseBatch(items.slice(start, start + maxItems), signal);
      }
    } finally {
      await Promise.allSettled([this.#producer.close(), this.#consumer.close()]);
    }
  }

  async #move(batch: readonly Delivery<unknown>[], signal: AbortSignal): Promise<void> {
    const messages = batch.map((delivery) => this.#outgoing(delivery));
    const sent = await this.#producer.sendBatch(messages, signal).catch(this.#throwSend);
    const arrived = batch.filter((_, index) => sent[index]?.ok === true);
    // What has arrived is acked even if its neighbour failed: it must not be moved a second time.
    const acked = await this.#consumer.ackBatch(
      arrived.map(({ handle }) => handle),
      new AbortController().signal,
    );
    for (const { providerId } of arrived) this.#held.delete(providerId);
    const failedSend = sent.find((result) => !result.ok);
    if (failedSend?.ok === false) this.#throwSend(failedSend.error);
    const failedAck = acked.find((result) => !result.ok);
    if (failedAck?.ok === false)
      throw wrapDriverError(this.#source.connection.adapter, this.#from, "ack", failedAck.error);
  }

  /** It is the queue that refuses, not its dead letters. */
  readonly #throwSend = (error: unknown): never => {
    throw wrapDriverError(this.#source.connection.adapter, this.#source.target, "send", error);
  };

  /** Batches as the source takes them: by count, by bytes, and by key where it wants one key. */
  #split(deliveries: readonly Delivery<unknown>[]): readonly (readonly Delivery<unknown>[])[] {
    const { limits, capabilities } = this.#source.target;
    const batches: Delivery<unknown>[][] = [];
    let bytes = 0;
    for (const delivery of deliveries) {
      const size = this.#producer.sizeOf(this.#outgoing(delivery));
      const last = batches.at(-1);
      const isSameKey = capabilities.batchKey === "mixed" || last?.[0]?.orderingKey === delivery.orderingKey;
      const fits = limits.send.overheadBytes + bytes + size <= limits.send.maxBytes;
      if (last !== undefined && last.length < limits.send.maxItems && fits && isSameKey) {
        last.push(delivery);
        bytes += size;
      } else {
        batches.push([delivery]);
        bytes = size;
      }
    }
    return batches;
  }

  /**
   * A new message with the old content. Its deduplication id is new: with the old one the service would drop it
   * inside its window. Its due and expiry times are gone, it is wanted now, and so are the attempts of earlier copies.
   */
  #outgoing(delivery: Delivery<unknown>): OutgoingMessage {
    const {
      [RESERVED.due]: _due,
      [RESERVED.expires]: _expires,
      [RESERVED.attempts]: _attempts,
      ...attributes
    } = delivery.attributes;
    const { id, body, orderingKey, correlationId, replyTo, subject } = delivery;
    return {
      id,
      body,
      contentType: delivery.contentType ?? this.#source.details.codec.contentType,
      attributes,
      deduplicationId: crypto.randomUUID(),
      ...(orderingKey !== undefined && { orderingKey }),
      ...(correlationId !== undefined && { correlationId }),
      ...(replyTo !== undefined && { replyTo }),
      ...(subject !== undefined && { subject }),
    };
  }
}
