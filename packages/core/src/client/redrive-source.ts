import { answerInTime } from "../consumer/answer-in-time.ts";
import { alignedResults } from "../consumer/results-of-alive.ts";
import { requestUntil, timedRequest } from "../consumer/timed-request.ts";
import type { AdminDriver, EntityCounts } from "../driver/admin-driver.ts";
import { checkedConsumer } from "../driver/check-driver.ts";
import type { Delivery } from "../driver/delivery.ts";
import type { ConsumerDriver, QueueAdapter, ReceiveAsk } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { Clock } from "../time/clock.ts";
import { inParts } from "./redrive-requests.ts";

/** The most deliveries held. Those the filter rejects are held to the end: else they would return at once. */
const MAX_HELD = 1_000_000;
/** Long enough for an empty reply to mean an empty queue on services that ask only some of their hosts. */
const LAST_WAIT_MS = 2_000;
const LEASE_MS = 600_000;
/** How long the drivers of a redrive may take to open. */
export const OPEN_MS = 5_000;
const COUNT_MS = 5_000;
const SETTLE_MS = 30_000;

/** What one turn of requests has brought. */
interface Taken {
  readonly count: number;
  readonly fresh: readonly Delivery<unknown>[];
}

/** Takes dead letters and holds them until they are acked or the redrive ends. */
export class RedriveSource {
  readonly #adapter: QueueAdapter;
  readonly #from: Target;
  readonly #clock: Clock;
  #admin: AdminDriver | undefined;
  /** True once the service has said that its numbers are estimates. */
  #isEstimated = false;
  readonly #consumer: ConsumerDriver<unknown>;
  readonly #held = new Map<string, unknown>();
  /** The held messages delivered again since the last new one: their leases have ended. */
  readonly #again = new Set<string>();

  /** @param isFiltered what the filter passes over is held to the end */
  constructor(
    adapter: QueueAdapter,
    from: Target,
    admin: AdminDriver | undefined,
    clock: Clock,
    isFiltered: boolean,
  ) {
    const { maxItems, parallel } = from.limits.receive;
    this.#adapter = adapter;
    this.#from = from;
    this.#clock = clock;
    this.#admin = admin;
    const consumer = adapter.openConsumer(from, {
      mode: "pull",
      leaseMs: Math.min(from.limits.lease.maxMs, LEASE_MS),
      flow: { maxOutstanding: maxItems * (isFiltered ? MAX_HELD : parallel), lanes: 1 },
      events: { leasesLost: () => {}, fault: () => {} },
    });
    this.#consumer = checkedConsumer(consumer);
  }

  async open(signal: AbortSignal): Promise<void> {
    const open = async (ended: AbortSignal): Promise<void> => await this.#consumer.open?.(ended);
    await requestUntil(this.#clock, "open", OPEN_MS, open, signal);
  }

  /**
   * Takes up to `max` dead letters, with up to `asks` requests at a time. `count` includes those held before;
   * 0: the queue is empty. `fresh` has the others, each once.
   */
  async receive(asks: number, max: number, signal: AbortSignal): Promise<Taken> {
    const deliveries = await this.#receive(asks, max, signal);
    return { count: deliveries.length, fresh: this.#hold(deliveries) };
  }

  /**
   * Returns nothing only if the service reports an empty queue, or a second receive finds nothing either: the
   * first wait may have ended before a slow service answered. Only the first of `asks` waits, so that none of them
   * holds up what another has brought.
   */
  async #receive(asks: number, max: number, signal: AbortSignal): Promise<readonly Delivery<unknown>[]> {
    const waitMs = await this.#waitMs(signal);
    const { maxItems } = this.#from.limits.receive;
    const running: Promise<readonly Delivery<unknown>[]>[] = [];
    for (let left = max; left > 0 && running.length < asks; left -= maxItems) {
      const ask = { maxItems: Math.min(maxItems, left), waitMs: running.length === 0 ? waitMs : 0 };
      running.push(this.#ask(ask, signal));
    }
    const answers = await Promise.allSettled(running);
    const deliveries = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failed = answers.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") {
      this.#hold(deliveries);
      throw failed.reason;
    }
    if (deliveries.length > 0 || waitMs === 0) return deliveries;
    return await this.#ask(
      { maxItems: Math.min(maxItems, max), waitMs: await this.#lastWaitMs(signal) },
      signal,
    );
  }

  async #ask(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<unknown>[]> {
    const late = (deliveries: readonly Delivery<unknown>[]): void =>
      void this.#giveBack(deliveries.map(({ handle }) => handle));
    const answer = this.#consumer.receiveBatch(ask, signal);
    const { deliveries, fault } = await answerInTime(this.#clock, ask.waitMs, signal, answer, late);
    if (fault !== undefined && deliveries.length === 0) throw fault;
    return deliveries;
  }

  /** If the service counts exactly, an empty queue needs no wait. If it estimates, it is asked at the end. */
  async #waitMs(signal: AbortSignal): Promise<number> {
    const { maxWaitMs } = this.#from.limits.receive;
    if (!this.#isEstimated) {
      const counts = await this.#counts(signal);
      if (counts?.approximate === false && counts.ready === 0) return 0;
      this.#isEstimated = counts?.approximate === true;
      if (counts === undefined) this.#admin = undefined;
    }
    return Math.min(maxWaitMs, this.#isEstimated ? LAST_WAIT_MS / 2 : LAST_WAIT_MS);
  }

  /** The other half, unless the service estimates that only what is held here is left. */
  async #lastWaitMs(signal: AbortSignal): Promise<number> {
    if (!this.#isEstimated) return 0;
    const { ready = Number.NaN, inFlight = 0, delayed = 0 } = (await this.#counts(signal)) ?? {};
    return ready + inFlight + delayed <= this.#held.size ? 0 : LAST_WAIT_MS / 2;
  }

  async #counts(signal: AbortSignal): Promise<EntityCounts | undefined> {
    const count = async (ended: AbortSignal): Promise<EntityCounts | undefined> =>
      await this.#admin?.inspect(this.#from, ended);
    return await requestUntil(this.#clock, "admin", COUNT_MS, count, signal).catch(() => undefined);
  }

  /** Returns those that were not held before, each once. */
  #hold(deliveries: readonly Delivery<unknown>[]): readonly Delivery<unknown>[] {
    const fresh = deliveries.filter(({ providerId, handle }) => {
      const isFresh = !this.#held.has(providerId);
      this.#held.set(providerId, handle);
      return isFresh;
    });
    this.#noteAgain(deliveries, fresh.length > 0);
    return fresh;
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

  /** Never rejects. Is not aborted: what has arrived must go. */
  async ack(arrived: readonly Delivery<unknown>[]): Promise<QueueError | undefined> {
    const handles = arrived.map(({ handle }) => handle);
    const wrap = (error: unknown): QueueError => wrapDriverError(this.#adapter, this.#from, "ack", error);
    try {
      const acked = await timedRequest(this.#clock, "ack", SETTLE_MS, async (ended) =>
        alignedResults("ack", handles.length, await this.#consumer.ackBatch(handles, ended)),
      );
      for (const { providerId } of arrived) this.#held.delete(providerId);
      const failed = acked.find((result) => !result.ok);
      return failed?.ok === false ? wrap(failed.error) : undefined;
    } catch (error) {
      return wrap(error);
    }
  }

  /** Gives back all that is held. */
  async release(): Promise<void> {
    await this.#giveBack([...this.#held.values()]);
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }

  /** Never rejects: a message that is not released returns when its lease ends. Without an answer it ends. */
  async #giveBack(handles: readonly unknown[]): Promise<void> {
    const items = handles.map((handle) => ({ handle, delayMs: 0, cause: "unstarted" as const }));
    for (const some of inParts(items, this.#from.limits.release.maxItems)) {
      const release = async (ended: AbortSignal): Promise<unknown> =>
        await this.#consumer.releaseBatch(some, ended);
      const error = await timedRequest(this.#clock, "release", SETTLE_MS, release).catch(
        (thrown: unknown) => thrown,
      );
      if (isQueueError(error, "TIMEOUT")) return;
    }
  }
}
