import type { Clock, Delivery, Timer } from "@anyqueue/core/adapter";
import { follows } from "./failed-keys.ts";
import { REQUEST_TIMEOUT_MS } from "./pubsub-limits.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { TRIES, type Return } from "./receiver.ts";

/** A delivery that was not handed over yet, so its lease may still change. */
type Fresh = Omit<Delivery<PubsubHandle>, "leaseMs"> & { leaseMs?: number };

interface Buffered {
  readonly delivery: Fresh;
  /** End of its lease; monotonic. */
  untilMs: number;
  /** Latest possible end: as if the delivery had not waited for this process. Monotonic. */
  latestMs: number;
}

/** What became of leases that were to be extended. */
export interface Renewal {
  readonly renewed: ReadonlySet<Fresh>;
  /** Those that the service has taken back, and perhaps given to somebody else. */
  readonly gone: ReadonlySet<Fresh>;
}

export interface DeliveryBufferOptions {
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Extends leases by `leaseMs`. Never rejects. */
  readonly renew: (deliveries: readonly Delivery<PubsubHandle>[]) => Promise<Renewal>;
  /** True: deliveries behind a lost one on its key come again with it. */
  readonly keepsOrder: () => boolean;
  /** Called with the first delivery of each key whose lease ran out, or may have, before it was asked for. */
  readonly onLost: (returns: readonly Return[]) => void;
}

/** A delivery with less lease than this is not handed over: the lease would end before any handler began. */
const MIN_LEFT_MS = 500;
/** A renewal has its answer by then, with all its tries and the pauses between them. */
const RENEW_MS = TRIES * (REQUEST_TIMEOUT_MS + 1_000);

/**
 * Deliveries that a stream brought and nobody has asked for yet. The buffer renews their leases until they
 * are handed over, because the service counts an expired lease as an attempt.
 */
export class DeliveryBuffer {
  readonly #options: DeliveryBufferOptions;
  #items: Buffered[] = [];
  #timer: Timer | undefined;

  constructor(options: DeliveryBufferOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.length;
  }

  add(deliveries: readonly Delivery<PubsubHandle>[], untilMs: number): void {
    const latestMs = this.#options.clock.now() + this.#options.leaseMs;
    for (const delivery of deliveries) this.#items.push({ delivery, untilMs, latestMs });
    this.#arm();
  }

  /** Takes the oldest deliveries, each with the rest of its lease (D14). */
  take(maxItems: number): readonly Delivery<PubsubHandle>[] {
    const nowMs = this.#options.clock.now();
    this.#dropExpired(nowMs);
    const taken = this.#items.slice(0, maxItems);
    this.#items = this.#items.slice(taken.length);
    this.#arm();
    return taken.map(({ delivery, untilMs }) => {
      delivery.leaseMs = untilMs - nowMs;
      return delivery;
    });
  }

  /** Drops deliveries that the service hands over again, after the failed one of their key (D15). */
  dropKeys(keys: ReadonlySet<string>): void {
    this.#items = this.#items.filter(({ delivery }) => !keys.has(delivery.orderingKey ?? ""));
    this.#arm();
  }

  /** Drops a lost message and those behind it on its key. Those before it are still ours. */
  dropFrom({ orderingKey, messageId, publishedAtMs = 0 }: PubsubHandle): void {
    this.#items = this.#items.filter(
      ({ delivery: { handle } }) =>
        handle.orderingKey !== orderingKey ||
        follows(messageId, publishedAtMs, handle.messageId, handle.publishedAtMs ?? 0),
    );
    this.#arm();
  }

  /** Takes all deliveries, whatever is left of their leases. */
  drain(): readonly Delivery<PubsubHandle>[] {
    const all = this.#items.map(({ delivery }) => delivery);
    this.#items = [];
    this.#arm();
    return all;
  }

  /** Drops deliveries whose lease ended, as they come again; if order is kept, so do those behind them. */
  #dropExpired(nowMs: number): void {
    const isGone = ({ untilMs }: Buffered): boolean => untilMs - nowMs < MIN_LEFT_MS;
    if (!this.#items.some(isGone)) return;
    const { keepsOrder, onLost } = this.#options;
    const isOrdered = keepsOrder();
    const lost = new Map<string, Return>();
    this.#items = this.#items.filter((item) => {
      const { orderingKey, handle } = item.delivery;
      if (!isOrdered || orderingKey === undefined) return !isGone(item);
      const head = lost.get(orderingKey);
      // The lost head is here again: the key starts anew with it.
      if (head?.handle.messageId === handle.messageId && !isGone(item)) return lost.delete(orderingKey);
      if (head === undefined && !isGone(item)) return true;
      const isHead = head === undefined || head.handle.messageId === handle.messageId;
      if (isHead) lost.set(orderingKey, { handle, comesAtMs: item.latestMs });
      return false;
    });
    onLost([...lost.values()]);
  }

  #arm(): void {
    if (this.#items.length === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
      return;
    }
    const { clock, leaseMs } = this.#options;
    this.#timer ??= clock.setTimer(() => void this.#renewDue(), leaseMs / 4);
  }

  /** Every quarter of a lease: renews leases with less than half left. */
  async #renewDue(): Promise<void> {
    this.#timer = undefined;
    const { clock, leaseMs, renew } = this.#options;
    const sentAtMs = clock.now();
    // The service would silently accept a renewal of a lease that it no longer counts.
    this.#dropExpired(sentAtMs);
    const due = this.#items.filter(({ untilMs }) => untilMs - sentAtMs < leaseMs / 2);
    this.#arm();
    if (due.length === 0) return;
    for (const item of due) item.latestMs = sentAtMs + RENEW_MS + leaseMs;
    const { renewed, gone } = await renew(due.map(({ delivery }) => delivery));
    const nowMs = clock.now();
    for (const item of due) {
      item.latestMs = nowMs + leaseMs;
      // A later yes may be to a request that found no lease any more.
      if (renewed.has(item.delivery) && nowMs < item.untilMs) item.untilMs = sentAtMs + leaseMs;
    }
    if (gone.size > 0) this.#items = this.#items.filter(({ delivery }) => !gone.has(delivery));
  }
}
