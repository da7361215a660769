import { randomUUID } from "node:crypto";
import type { Delivery, Flow, ReceiveAsk } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { DeliveryBuffer } from "./delivery-buffer.ts";
import { Headroom } from "./headroom.ts";
import { ParkedDeliveries } from "./parked-deliveries.ts";
import { isPassing } from "./pubsub-errors.ts";
import { HEALTHY_STREAM_MS, LATE_ANSWER_MS, OPEN_ANSWER_MS } from "./pubsub-limits.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";
import type { PullClient } from "./pull-clients.ts";
import { PullStream } from "./pull-stream.ts";
import { Receipts } from "./receipts.ts";
import { confirmed, giveBack, type Receiver, type ReceiverParts } from "./receiver.ts";
import { WaitingAsks } from "./waiting-asks.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];
type Response = protos.google.pubsub.v1.IStreamingPullResponse;

/** The stream in use, with its number and what it was told. */
interface Current {
  readonly stream: PullStream;
  readonly number: number;
  readonly maxOutstanding: number;
}

/**
 * Deliveries of one streaming pull. The service pushes as many as the flow allows; a changed flow, or a stream that is
 * clogged with delayed deliveries, opens another stream. Leases and acknowledgements do not depend on the stream.
 */
export class StreamReceiver implements Receiver {
  readonly #parts: ReceiverParts;
  readonly #clientId = randomUUID();
  readonly #buffer: DeliveryBuffer;
  readonly #asks: WaitingAsks;
  readonly #receipts: Receipts;
  readonly #headroom = new Headroom();
  readonly #parked = new ParkedDeliveries();
  readonly #streams = new Set<PullStream>();
  #place: PullClient | undefined;
  #current: Current | undefined;
  #starting: Promise<void> | undefined;
  #maxOutstanding: number;
  #streamCount = 0;
  #isExactlyOnce = false;
  #isClosed = false;
  /** Why the last stream failed, as long as nobody was told. */
  #failure: { readonly error: unknown } | undefined;
  /** Called at the first sign of a stream, or when it fails. */
  #onSign: (() => void) | undefined;
  /** Called when no stream is left. */
  #onStreamsEnded: (() => void) | undefined;

  constructor(parts: ReceiverParts, flow: Flow) {
    this.#parts = parts;
    this.#maxOutstanding = flow.maxOutstanding;
    this.#asks = new WaitingAsks(parts.clock);
    this.#receipts = new Receipts({
      ...parts,
      admit: (deliveries, untilMs) => this.#admit(deliveries, untilMs),
    });
    this.#buffer = new DeliveryBuffer({
      clock: parts.clock,
      leaseMs: parts.leaseMs,
      renew: async (deliveries) => await this.#renew(deliveries),
    });
  }

  /** Rejects if the first stream fails; without flow there is none yet. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#parts.subscription.confirm(signal);
    this.#isExactlyOnce = this.#parts.subscription.known?.enableExactlyOnceDelivery === true;
    if (this.#maxOutstanding === 0) return;
    await this.#firstSign();
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  async setFlow({ maxOutstanding }: Flow): Promise<void> {
    this.#maxOutstanding = maxOutstanding;
    if (maxOutstanding === 0) {
      this.#retire();
      await giveBack(this.#parts, this.#buffer.drain());
    } else if (this.#current === undefined) {
      this.#ensureStream();
    } else if (this.#current.maxOutstanding !== this.#wanted) {
      this.#replace();
    }
  }

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<Deliveries> {
    const ready = this.#buffer.take(ask.maxItems);
    if (ready.length > 0 || signal.aborted || this.#isClosed) return ready;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    this.#ensureStream();
    return await this.#asks.wait(ask, signal);
  }

  settling(count: number): void {
    const isStarved = this.#asks.count > 0;
    const nowMs = this.#parts.clock.now();
    if (!this.#headroom.update({ settling: count, isStarved, nowMs })) return;
    if (this.#current !== undefined && this.#current.maxOutstanding !== this.#wanted) this.#replace();
  }

  parked(handle: PubsubHandle, delayMs: number): void {
    if (this.#current === undefined || handle.stream !== this.#current.number) return;
    const nowMs = this.#parts.clock.now();
    this.#parked.add(nowMs + delayMs);
    if (this.#parked.areTooMany(this.#current.maxOutstanding, nowMs)) this.#replace();
  }

  /** What still arrives is given back; nothing that was handed over is touched. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#asks.answerAll();
    this.#retire();
    await giveBack(this.#parts, this.#buffer.drain());
    await this.#streamsEnded();
    for (const stream of this.#streams) stream.cancel();
    await this.#receipts.settled();
    this.#place?.release();
  }

  get #wanted(): number {
    return this.#maxOutstanding + this.#headroom.size;
  }

  #ensureStream(): void {
    if (this.#current !== undefined || this.#starting !== undefined) return;
    if (this.#isClosed || this.#maxOutstanding === 0) return;
    this.#starting = this.#start()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#starting = undefined;
      });
  }

  async #start(): Promise<void> {
    const { clients, subscription, clock, leaseMs } = this.#parts;
    const path = await subscription.path();
    this.#place ??= await clients.pull();
    if (this.#isClosed || this.#maxOutstanding === 0) return;
    this.#streamCount += 1;
    const number = this.#streamCount;
    const maxOutstanding = this.#wanted;
    const stream: PullStream = new PullStream({
      client: this.#place.client,
      subscription: path,
      clientId: this.#clientId,
      leaseSeconds: Math.ceil(leaseMs / 1_000),
      maxOutstanding,
      clock,
      onResponse: (response) => this.#heard(response, number),
      onEnd: (error) => this.#ended(stream, error),
    });
    this.#streams.add(stream);
    this.#parked.clear();
    this.#current = { stream, number, maxOutstanding };
  }

  #replace(): void {
    this.#retire();
    this.#ensureStream();
  }

  #retire(): void {
    const stream = this.#current?.stream;
    this.#current = undefined;
    stream?.retire();
  }

  #heard({ subscriptionProperties, receivedMessages }: Response, number: number): void {
    this.#onSign?.();
    const isExactlyOnce = subscriptionProperties?.exactlyOnceDeliveryEnabled;
    if (typeof isExactlyOnce === "boolean") this.#isExactlyOnce = isExactlyOnce;
    const { handBacks, clock, leaseMs } = this.#parts;
    const deliveries = (receivedMessages ?? []).map((received) =>
      decodeMessage(received, {
        stream: number,
        handedBack: handBacks.of(received.message?.messageId ?? ""),
      }),
    );
    if (deliveries.length === 0) return;
    if (this.#isExactlyOnce) this.#receipts.add(deliveries);
    else this.#admit(deliveries, clock.now() + leaseMs);
  }

  #admit(deliveries: Deliveries, untilMs: number): void {
    if (this.#isClosed || this.#maxOutstanding === 0) {
      void giveBack(this.#parts, deliveries);
      return;
    }
    this.#buffer.add(deliveries, untilMs);
    this.#asks.serve((maxItems) => this.#buffer.take(maxItems));
  }

  #ended(stream: PullStream, error: unknown): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#onStreamsEnded?.();
    if (this.#current?.stream !== stream) return;
    this.#current = undefined;
    const livedMs = this.#parts.clock.now() - stream.startedAtMs;
    if (isPassing(error) && stream.hasAnswered && livedMs >= HEALTHY_STREAM_MS) {
      this.#parts.events.fault(error);
      this.#ensureStream();
    } else {
      this.#fail(error);
    }
  }

  /** The next ask opens another stream: how long to wait before it is the core's to say (D3). */
  #fail(error: unknown): void {
    if (!this.#asks.failAll(error)) this.#failure = { error };
    this.#onSign?.();
  }

  async #renew(deliveries: Deliveries): Promise<readonly boolean[]> {
    try {
      const renewed = new Set(await confirmed(this.#parts, deliveries));
      return deliveries.map((delivery) => renewed.has(delivery));
    } catch (error) {
      this.#parts.events.fault(error);
      return deliveries.map(() => false);
    }
  }

  async #firstSign(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(resolve, OPEN_ANSWER_MS, true);
      this.#onSign = () => {
        this.#onSign = undefined;
        timer.cancel();
        resolve();
      };
      this.#ensureStream();
    });
  }

  async #streamsEnded(): Promise<void> {
    if (this.#streams.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(resolve, LATE_ANSWER_MS, true);
      this.#onStreamsEnded = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
