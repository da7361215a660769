import { setTimeLimit, StallMeter, type Delivery, type Flow, type ReceiveAsk } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { DeliveryBuffer, type Renewal } from "./delivery-buffer.ts";
import { FailedKeys } from "./failed-keys.ts";
import { GiveBacks } from "./give-backs.ts";
import { Headroom } from "./headroom.ts";
import { Outstanding } from "./outstanding.ts";
import { OPEN_ANSWER_MS } from "./pubsub-limits.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";
import { Receipts } from "./receipts.ts";
import { confirmed, isGone, type Receiver, type ReceiverParts, type Return } from "./receiver.ts";
import type { StreamMark } from "./stream-mark.ts";
import { StreamPool } from "./stream-pool.ts";
import { WaitingAsks } from "./waiting-asks.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];
type Response = protos.google.pubsub.v1.IStreamingPullResponse;

/** Delay of a delivery that goes back again: without it, each return would cost an attempt at once. */
const AGAIN_SECONDS = 1;

/** Receives what the service pushes, as much as the flow allows. Leases and settlements need no stream. */
export class StreamReceiver implements Receiver {
  readonly #parts: ReceiverParts;
  readonly #pool: StreamPool;
  readonly #outstanding = new Outstanding();
  readonly #buffer: DeliveryBuffer;
  readonly #asks: WaitingAsks;
  readonly #receipts: Receipts;
  readonly #headroom = new Headroom();
  readonly #failed = new FailedKeys();
  /** Deliveries of ordered keys of which a return has begun. */
  readonly #wentBack = new WeakSet<PubsubHandle>();
  readonly #giveBacks: GiveBacks;
  readonly #stalls: StallMeter;
  #maxOutstanding: number;
  /** Settlements that the service has not answered yet. */
  #settling = 0;
  #isClosed = false;
  /** The failure of the last stream, until it is reported. */
  #failure: { readonly error: unknown } | undefined;
  /** Called at the first sign of a stream, or when it fails. */
  #onSign: (() => void) | undefined;

  constructor(parts: ReceiverParts, flow: Flow) {
    this.#parts = parts;
    this.#maxOutstanding = flow.maxOutstanding;
    this.#asks = new WaitingAsks(parts.clock);
    this.#receipts = new Receipts({
      ...parts,
      admit: ({ ours, lost, behind }, untilMs) => {
        this.#lost(lost);
        this.#giveBack(behind);
        const nowMs = parts.clock.now();
        // A release of the delivery before may have begun again meanwhile, and left out all of the key.
        for (const { handle } of ours) this.#outstanding.add(handle, untilMs, nowMs);
        this.#admit(ours, untilMs);
      },
    });
    this.#giveBacks = new GiveBacks({ ...parts, onBack: (returns) => this.released(returns) });
    this.#buffer = new DeliveryBuffer({
      clock: parts.clock,
      leaseMs: parts.leaseMs,
      renew: async (deliveries) => await this.#renew(deliveries),
      keepsOrder: () => parts.subscription.keepsOrder,
      onLost: (returns) => this.#lost(returns),
    });
    this.#stalls = new StallMeter(parts.clock);
    this.#pool = new StreamPool({
      ...parts,
      outstanding: this.#outstanding,
      onResponse: (response, stream) => this.#heard(response, stream),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** Rejects if the first stream fails; without flow no stream opens yet. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#parts.subscription.confirm(signal);
    // Closed meanwhile: a stream would live on, and give back all that it brings.
    if (this.#isClosed) return;
    this.#stalls.start();
    if (this.#maxOutstanding === 0) return;
    await this.#firstSign();
    this.#throwFailure();
  }

  async setFlow({ maxOutstanding }: Flow): Promise<void> {
    this.#maxOutstanding = maxOutstanding;
    this.#want(true);
    if (maxOutstanding === 0) this.#giveBack(this.#buffer.drain());
  }

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<Deliveries> {
    const ready = this.#buffer.take(ask.maxItems);
    if (ready.length > 0 || signal.aborted || this.#isClosed) return ready;
    this.#throwFailure();
    this.#pool.resume();
    return await this.#asks.wait(ask, signal);
  }

  settling(handles: readonly PubsubHandle[]): void {
    this.#settling += handles.length;
    for (const handle of handles) this.#outstanding.delete(handle);
    this.#makeHeadroom();
    this.#pool.adjust();
  }

  settled(count: number): void {
    this.#settling -= count;
    this.#makeHeadroom();
  }

  releasing(handles: readonly PubsubHandle[]): void {
    const keys = this.#goBack(handles, "releasing");
    if (keys.size === 0) return;
    this.#buffer.dropKeys(keys);
    this.#outstanding.deleteKeys(keys);
    this.#pool.adjust();
  }

  released(returns: readonly Return[]): void {
    if (!this.#parts.subscription.keepsOrder) return;
    for (const { handle, comesAtMs, earliestMs } of returns) {
      const { orderingKey, messageId } = handle;
      if (orderingKey !== undefined) this.#failed.released(orderingKey, messageId, comesAtMs, earliestMs);
    }
  }

  /** Records deliveries that nobody got. They come again; until then nothing of their keys is handed over. */
  #lost(returns: readonly Return[]): void {
    for (const { handle, ...times } of returns) {
      const { orderingKey = "", messageId, publishedAtMs } = handle;
      this.#buffer.dropFrom(handle);
      this.#failed.lost(orderingKey, messageId, times, publishedAtMs);
    }
  }

  parked({ stream }: PubsubHandle, untilMs: number): void {
    this.#pool.park(stream, untilMs);
  }

  extended(handle: PubsubHandle, untilMs: number): void {
    this.#outstanding.extend(handle, untilMs);
  }

  /** Gives back what still arrives; touches nothing that was handed over. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stalls.stop();
    this.#asks.answerAll();
    this.#giveBack(this.#buffer.drain());
    await this.#pool.close();
    await this.#receipts.settled();
    await this.#giveBacks.close();
  }

  #want(isExplicit: boolean): void {
    const room = this.#maxOutstanding === 0 ? 0 : this.#maxOutstanding + this.#headroom.size;
    this.#pool.want(room, isExplicit);
  }

  #makeHeadroom(): void {
    const isStarved = this.#asks.count > 0;
    const nowMs = this.#parts.clock.now();
    if (this.#headroom.update({ settling: this.#settling, isStarved, nowMs })) this.#want(true);
  }

  #heard({ subscriptionProperties, receivedMessages }: Response, mark: StreamMark): void {
    this.#onSign?.();
    const { clock, leaseMs, subscription } = this.#parts;
    const { handBacks } = subscription;
    subscription.learn(subscriptionProperties ?? {});
    if (receivedMessages === undefined || receivedMessages === null || receivedMessages.length === 0) return;
    const [nowMs, wallMs] = [clock.now(), clock.wallNow()];
    const untilMs = nowMs + leaseMs - this.#stalls.waitedMs(nowMs);
    const deliveries = receivedMessages.map((received) => {
      const handedBack = handBacks.of(received.message?.messageId ?? "", received.deliveryAttempt ?? 0);
      const delivery = decodeMessage(received, { stream: mark.number, handedBack });
      delivery.handle.sentAfterMs = mark.pass(delivery.handle.publishedAtMs, nowMs, wallMs);
      this.#outstanding.add(delivery.handle, untilMs, nowMs);
      return delivery;
    });
    if (subscription.isExactlyOnce || this.#receipts.isBusy) this.#receipts.add(deliveries);
    else this.#admit(deliveries, untilMs);
  }

  #admit(deliveries: Deliveries, untilMs: number): void {
    if (this.#isClosed || this.#maxOutstanding === 0) {
      // A stream that takes long to end may bring at once what has just gone back.
      const { handBacks } = this.#parts.subscription;
      const isAgain = deliveries.some(({ handle }) => handBacks.of(handle.messageId) > 0);
      this.#giveBack(deliveries, isAgain ? AGAIN_SECONDS : 0);
      return;
    }
    const ours = this.#inOrder(deliveries, untilMs);
    this.#buffer.add(ours, untilMs);
    this.#asks.serve((maxItems) => this.#buffer.take(maxItems));
  }

  /** Leaves out what is behind a message that was given back and has not come again (D15). */
  #inOrder(deliveries: Deliveries, untilMs: number): Deliveries {
    if (!this.#parts.subscription.keepsOrder) return deliveries;
    const nowMs = this.#parts.clock.now();
    const early: Delivery<PubsubHandle>[] = [];
    const earlyAgain: Delivery<PubsubHandle>[] = [];
    /** Keys of which something goes back now: what follows goes with it. */
    const heldUp = new Set<string | undefined>();
    const ours = deliveries.filter((delivery) => {
      const { handle, orderingKey } = delivery;
      const { messageId, publishedAtMs } = handle;
      const verdict = heldUp.has(orderingKey)
        ? "give-back"
        : this.#failed.judge(orderingKey, messageId, nowMs, handle);
      if (verdict === "give-back") {
        heldUp.add(orderingKey);
        (this.#failed.isBackEarly(orderingKey, messageId) ? earlyAgain : early).push(delivery);
      }
      if (verdict === "drop") {
        this.#outstanding.delete(handle);
        this.parked(handle, untilMs);
        const times = { comesAtMs: nowMs + this.#parts.leaseMs, earliestMs: untilMs };
        this.#failed.dropped(orderingKey, messageId, times, publishedAtMs);
      }
      return verdict === "take";
    });
    this.#giveBack(early);
    // The message before it may be under way that long.
    this.#giveBack(earlyAgain, AGAIN_SECONDS);
    return ours;
  }

  /** Gives back deliveries that nobody has begun. Until they are back, nothing after them is handed over. */
  #giveBack(deliveries: Deliveries, seconds = 0): void {
    const handles = deliveries.map(({ handle }) => handle);
    for (const handle of handles) this.#outstanding.delete(handle);
    this.#goBack(handles, "returning");
    this.#giveBacks.add(deliveries, seconds);
  }

  /** Their return begins now: without an answer, the messages come again when their leases end. */
  #goBack(handles: readonly PubsubHandle[], how: "releasing" | "returning"): ReadonlySet<string> {
    const keys = new Set<string>();
    const { clock, leaseMs, subscription } = this.#parts;
    if (!subscription.keepsOrder) return keys;
    const sinceMs = clock.now();
    for (const handle of handles) {
      const { orderingKey, messageId, publishedAtMs, stream } = handle;
      if (orderingKey === undefined) continue;
      // A try before this one took effect: what is here of the key came after it.
      if (this.#wentBack.has(handle) && !this.#failed.waitsFor(orderingKey, messageId)) continue;
      this.#wentBack.add(handle);
      keys.add(orderingKey);
      const times = { stream, sinceMs, comesAtMs: sinceMs + leaseMs, publishedAtMs };
      this.#failed[how](orderingKey, messageId, times);
    }
    return keys;
  }

  /** The next ask opens another stream; how long to wait before it is up to the core (D3). */
  #fail(error: unknown): void {
    if (!this.#asks.failAll(error)) this.#failure = { error };
    this.#onSign?.();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  async #renew(deliveries: Deliveries): Promise<Renewal> {
    const untilMs = this.#parts.clock.now() + this.#parts.leaseMs;
    try {
      // After a failure for the moment their leases go on, and the next renewal may come in time.
      const { ours, lost, behind, gone } = await confirmed(this.#parts, deliveries, isGone);
      this.#lost(lost);
      this.#giveBack(behind);
      for (const { handle } of ours) this.extended(handle, untilMs);
      return { renewed: new Set(ours), gone };
    } catch (error) {
      this.#parts.events.fault(error);
      return { renewed: new Set(), gone: new Set() };
    }
  }

  async #firstSign(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeLimit(this.#parts.clock, resolve, OPEN_ANSWER_MS, true);
      this.#onSign = () => {
        this.#onSign = undefined;
        timer.cancel();
        resolve();
      };
      this.#want(true);
    });
  }
}
