import type {
  Clock,
  ConsumerDriver,
  ConsumerDriverOptions,
  Delivery,
  ExtendItem,
  Flow,
  ItemResult,
  ReceiveAsk,
  ReleaseItem,
} from "@anyqueue/core/adapter";
import { elapsedClock } from "./elapsed-clock.ts";
import type { PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import { PUBSUB_MAX_LEASE_MS, PUBSUB_MIN_LEASE_MS } from "./pubsub-limits.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import type { Receiver, ReceiverParts } from "./receiver.ts";
import { minBackoffMs } from "./subscription-facts.ts";
import { StreamReceiver } from "./stream-receiver.ts";
import { UnaryReceiver } from "./unary-receiver.ts";

type Options = ConsumerDriverOptions<PubsubHandle>;

/** Receives from one subscription and settles what it handed over. */
export class PubsubConsumer implements ConsumerDriver<PubsubHandle> {
  readonly #subscription: PubsubSubscription;
  readonly #clock: Clock;
  readonly #receiver: Receiver;
  readonly #leaseMs: number;

  constructor(clients: PubsubClients, subscription: PubsubSubscription, options: Options, clock: Clock) {
    this.#subscription = subscription;
    this.#clock = elapsedClock(clock);
    const { mode, events, flow } = options;
    const leaseMs = Math.min(Math.max(options.leaseMs, PUBSUB_MIN_LEASE_MS), PUBSUB_MAX_LEASE_MS);
    this.#leaseMs = leaseMs;
    const parts: ReceiverParts = {
      clients,
      subscription,
      leaseMs,
      clock: this.#clock,
      events,
    };
    this.#receiver = mode === "stream" ? new StreamReceiver(parts, flow) : new UnaryReceiver(parts);
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#receiver.open(signal);
  }

  async setFlow(flow: Flow): Promise<void> {
    await this.#receiver.setFlow(flow);
  }

  async receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<PubsubHandle>[]> {
    return await this.#receiver.receive(ask, signal);
  }

  async ackBatch(handles: readonly PubsubHandle[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    const results = await this.#settled(handles, this.#subscription.acknowledge(handles, signal));
    // A message that was not acknowledged comes again, and its hand-backs must still be subtracted then.
    for (const [index, { messageId }] of handles.entries()) {
      if (results[index]?.ok === true) this.#subscription.handBacks.forget(messageId);
    }
    return results;
  }

  async releaseBatch(
    items: readonly ReleaseItem<PubsubHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    const changes = items.map(({ handle, delayMs }) => ({
      ackId: handle.ackId,
      seconds: this.#delaySeconds(delayMs),
    }));
    const handles = items.map(({ handle }) => handle);
    const sentAtMs = this.#clock.now();
    this.#receiver.releasing(handles);
    for (const { handle, cause } of items)
      if (cause === "unstarted") this.#subscription.handBacks.addOnce(handle);
    const results = await this.#settled(handles, this.#subscription.changeDeadlines(changes, signal));
    const nowMs = this.#clock.now();
    this.#receiver.released(
      items.map(({ handle }, index) => {
        const waitMs = (changes[index]?.seconds ?? 0) * 1_000;
        // What seemed to fail may have taken effect, at any time.
        const earliestMs = results[index]?.ok === true ? sentAtMs + waitMs : 0;
        return { handle, comesAtMs: nowMs + comesInMs(results[index], waitMs, this.#leaseMs), earliestMs };
      }),
    );
    for (const [index, { handle }] of items.entries()) {
      if (results[index]?.ok !== true) continue;
      const seconds = changes[index]?.seconds ?? 0;
      if (seconds > 0) this.#receiver.parked(handle, sentAtMs + seconds * 1_000);
    }
    return results;
  }

  async extendBatch(
    items: readonly ExtendItem<PubsubHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    const sentAtMs = this.#clock.now();
    const changes = items.map(({ handle, leaseMs }) => ({
      ackId: handle.ackId,
      // 0 would release it.
      seconds: Math.max(1, secondsOf(leaseMs)),
    }));
    const results = await this.#subscription.changeDeadlines(changes, signal);
    // The service starts the lease at some moment after the request left.
    const spentMs = this.#clock.now() - sentAtMs;
    return changes.map(({ seconds }, index) => {
      const result = results[index];
      const handle = items[index]?.handle;
      if (result?.ok === false) return result;
      if (handle !== undefined) this.#receiver.extended(handle, sentAtMs + seconds * 1_000);
      return { ok: true, value: { leaseMs: Math.max(0, seconds * 1_000 - spentMs) } };
    });
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  /** A retry policy makes its part of the delay after that: messages that it delays count on no stream. */
  #delaySeconds(delayMs: number): number {
    return secondsOf(delayMs - (minBackoffMs(this.#subscription.known) ?? 0));
  }

  /** The service counts a delivery as outstanding until it answers the settlement. */
  async #settled<T>(handles: readonly PubsubHandle[], work: Promise<T>): Promise<T> {
    this.#receiver.settling(handles);
    try {
      return await work;
    } finally {
      this.#receiver.settled(handles.length);
    }
  }
}

/**
 * Milliseconds until a released delivery comes again. If the service did not take it back, its lease goes on,
 * unless that is lost.
 */
function comesInMs(result: ItemResult | undefined, waitMs: number, leaseMs: number): number {
  if (result?.ok === true) return waitMs;
  const isGone = result !== undefined && classifyPubsubError(result.error, "release").code === "LEASE_LOST";
  return isGone ? 0 : leaseMs;
}

/** Rounds up to whole seconds (D4). */
function secondsOf(ms: number): number {
  return Math.ceil(Math.min(Math.max(ms, 0), PUBSUB_MAX_LEASE_MS) / 1_000);
}
