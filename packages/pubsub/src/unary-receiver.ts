import {
  isQueueError,
  setTimeLimit,
  StallMeter,
  systemClock,
  timedRequest,
  type Delivery,
  type ReceiveAsk,
} from "@anyqueue/core/adapter";
import { callOptions } from "./pubsub-client.ts";
import { classifyPubsubError, statusOf } from "./pubsub-errors.ts";
import {
  LATE_ANSWER_MS,
  OUTER_TIMEOUT_MS,
  PUBSUB_MIN_LEASE_MS,
  REQUEST_TIMEOUT_MS,
} from "./pubsub-limits.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";
import type { PullClient } from "./pull-clients.ts";
import { confirmed, giveBack, type Receiver, type ReceiverParts } from "./receiver.ts";
import { WaitingAsks } from "./waiting-asks.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

/** A pull in flight. */
interface RunningPull {
  readonly maxItems: number;
  /** True: the service answers at once, with what is available. */
  readonly isImmediate: boolean;
  readonly asks: WaitingAsks;
  /** True: it brings nothing more, and gives back what came too late. */
  isAnswered: boolean;
  done: Promise<void>;
}

const DEADLINE_EXCEEDED = 4;
/**
 * A pull that our own deadline cuts off may lease messages that nobody receives. So it runs at least this
 * long, and the next ask takes it over.
 */
const MIN_PULL_MS = 5_000;

/** One pull per ask. A pull cannot be recalled: what comes after its ask goes to the next ask, or back. */
export class UnaryReceiver implements Receiver {
  readonly #parts: ReceiverParts;
  readonly #cut = new AbortController();
  readonly #pulls = new Set<RunningPull>();
  readonly #stalls: StallMeter;
  #place: Promise<PullClient> | undefined;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#stalls = new StallMeter(parts.clock);
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#parts.subscription.confirm(signal);
    if (!this.#cut.signal.aborted) this.#stalls.start();
  }

  /** Nothing to set: deliveries come only when asked for. */
  async setFlow(): Promise<void> {}

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<Deliveries> {
    if (signal.aborted || this.#cut.signal.aborted) return [];
    const isImmediate = ask.waitMs === 0;
    const late = [...this.#pulls].find(
      (pull) =>
        !pull.isAnswered &&
        pull.asks.count === 0 &&
        pull.maxItems <= ask.maxItems &&
        (pull.isImmediate || !isImmediate),
    );
    const { asks } = late ?? this.#start(ask);
    // An ask that must not wait gets the answer of a pull that does not either, or its error.
    return await asks.wait({ ...ask, waitMs: isImmediate ? 2 * REQUEST_TIMEOUT_MS : ask.waitMs }, signal);
  }

  // There is no stream that counts deliveries.
  settling(): void {}
  settled(): void {}
  releasing(): void {}
  released(): void {}
  parked(): void {}
  extended(): void {}

  async close(): Promise<void> {
    for (const { asks } of this.#pulls) asks.answerAll();
    await this.#settled();
    this.#cut.abort();
    this.#stalls.stop();
    await this.#settled();
    const place = await this.#place?.catch(() => undefined);
    place?.release();
  }

  #start(ask: ReceiveAsk): RunningPull {
    const running: RunningPull = {
      maxItems: ask.maxItems,
      isImmediate: ask.waitMs === 0,
      asks: new WaitingAsks(this.#parts.clock),
      isAnswered: false,
      done: Promise.resolve(),
    };
    running.done = this.#run(ask, running);
    this.#pulls.add(running);
    void running.done.finally(() => this.#pulls.delete(running));
    return running;
  }

  /** Never rejects. */
  async #run(ask: ReceiveAsk, running: RunningPull): Promise<void> {
    const { asks } = running;
    try {
      const deliveries = await this.#pull(ask);
      running.isAnswered = true;
      if (deliveries.length === 0) asks.answerAll();
      let rest = deliveries;
      asks.serve(() => {
        const all = rest;
        rest = [];
        return all;
      });
      await giveBack(this.#parts, rest);
    } catch (error) {
      if (!asks.failAll(error) && !this.#cut.signal.aborted) this.#parts.events.fault(error);
    }
  }

  async #pull({ maxItems, waitMs }: ReceiveAsk): Promise<Deliveries> {
    const { clients, subscription, clock, leaseMs } = this.#parts;
    const { handBacks } = subscription;
    const { client } = await this.#placeOf(clients);
    const request = {
      subscription: await subscription.path(),
      maxMessages: maxItems,
      returnImmediately: waitMs === 0,
    };
    const timeoutMs = waitMs === 0 ? REQUEST_TIMEOUT_MS : Math.max(waitMs, MIN_PULL_MS);
    try {
      const [{ receivedMessages }] = await timedRequest(systemClock, "receive", timeoutMs, async (over) => {
        const signal = AbortSignal.any([this.#cut.signal, over]);
        const call = client.pull(request, callOptions(signal, timeoutMs + OUTER_TIMEOUT_MS));
        signal.addEventListener("abort", () => cancel(call));
        return await call;
      });
      const deliveries = (receivedMessages ?? []).map((received) => {
        const handedBack = handBacks.of(received.message?.messageId ?? "", received.deliveryAttempt ?? 0);
        return decodeMessage(received, { stream: 0, handedBack });
      });
      if (deliveries.length === 0) return [];
      // A pull leases for the subscription's own time, starting at some moment of the wait.
      const sentAtMs = clock.now();
      const knownUntilMs = sentAtMs - this.#stalls.waitedMs(sentAtMs) + ownLeaseMs(subscription);
      const { ours, behind } = await confirmed(this.#parts, deliveries);
      // Without exactly-once, the service accepts in silence a new lease for what is no longer ours.
      const untilMs = Math.min(sentAtMs + leaseMs, subscription.isExactlyOnce ? Infinity : knownUntilMs);
      const isLate = clock.now() >= untilMs;
      await giveBack(this.#parts, isLate ? [...ours, ...behind] : behind);
      if (isLate) return [];
      return ours.map((delivery) => ({ ...delivery, leaseMs: sentAtMs + leaseMs - clock.now() }));
    } catch (error) {
      if (isEmpty(error, waitMs)) return [];
      throw error;
    }
  }

  /** If a place cannot be had, the next pull asks anew: credentials may be there by then. */
  async #placeOf(clients: ReceiverParts["clients"]): Promise<PullClient> {
    const place = (this.#place ??= clients.pull());
    try {
      return await place;
    } catch (error) {
      if (this.#place === place) this.#place = undefined;
      throw error;
    }
  }

  /** Resolves when no pull is in flight, at the latest after a short while. */
  async #settled(): Promise<void> {
    if (this.#pulls.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeLimit(this.#parts.clock, resolve, LATE_ANSWER_MS, true);
      void Promise.all([...this.#pulls].map(({ done }) => done)).finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** The shortest that there is, if the subscription's cannot be read. */
function ownLeaseMs({ known }: ReceiverParts["subscription"]): number {
  return (known?.ackDeadlineSeconds ?? 0) * 1_000 || PUBSUB_MIN_LEASE_MS;
}

/** Release 5 of the client heeds no signal: a pull that went on would lease messages for nobody. */
function cancel(call: object): void {
  if ("cancel" in call && typeof call.cancel === "function") call.cancel();
}

/**
 * True: nothing came in time. The service answers an empty pull with this status, or not at all; but it must
 * answer one that does not wait.
 */
function isEmpty(error: unknown, waitMs: number): boolean {
  if (isQueueError(error, "TIMEOUT")) return waitMs > 0;
  if (statusOf(error) !== DEADLINE_EXCEEDED || classifyPubsubError(error, "receive").code !== "TIMEOUT")
    return false;
  return waitMs > 0 || !/deadline exceeded after/i.test(String(error));
}
