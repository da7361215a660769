import type { Clock, Delivery, Timer } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";

/** Nobody has it yet, so that it may still change. */
type Fresh = Omit<Delivery<PubsubHandle>, "leaseMs"> & { leaseMs?: number };

interface Buffered {
  readonly delivery: Fresh;
  /** End of its lease; monotonic. */
  untilMs: number;
}

export interface DeliveryBufferOptions {
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Lengthens leases by `leaseMs`. @returns which succeeded; never rejects */
  readonly renew: (deliveries: readonly Delivery<PubsubHandle>[]) => Promise<readonly boolean[]>;
  /** True: what follows a lost delivery on its key comes again with it. */
  readonly keepsOrder: () => boolean;
  /** Nobody gets these: their leases ran out, or may have, before anybody asked for them. */
  readonly onExpired: (deliveries: readonly Delivery<PubsubHandle>[]) => void;
}

/** With less than this left a delivery is not handed over: its lease would be gone before anything began. */
const MIN_LEFT_MS = 500;

/**
 * Deliveries that a stream brought and nobody has asked for yet. Until they are handed over their leases are kept
 * here: running out counts as an attempt at the service.
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
    for (const delivery of deliveries) this.#items.push({ delivery, untilMs });
    this.#arm();
  }

  /** The oldest, each with what is left of its lease (D14). */
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

  /** The service hands these over again, after the failed one of their key (D15). */
  dropKeys(keys: ReadonlySet<string>): void {
    this.#items = this.#items.filter(({ delivery }) => !keys.has(delivery.orderingKey ?? ""));
    this.#arm();
  }

  /** All of them, whatever is left of their leases. */
  drain(): readonly Delivery<PubsubHandle>[] {
    const all = this.#items.map(({ delivery }) => delivery);
    this.#items = [];
    this.#arm();
    return all;
  }

  /** Where order is kept, without what follows on their keys: that comes again behind them. */
  #dropExpired(nowMs: number): void {
    const isGone = ({ untilMs }: Buffered): boolean => untilMs - nowMs < MIN_LEFT_MS;
    if (!this.#items.some(isGone)) return;
    const { keepsOrder, onExpired } = this.#options;
    const isOrdered = keepsOrder();
    const dropped: Fresh[] = [];
    /** By key: the first that is gone, and what follows it. */
    const keys = new Map<string, Fresh[]>();
    this.#items = this.#items.filter((item) => {
      const { delivery } = item;
      const { orderingKey, providerId } = delivery;
      if (!isOrdered || orderingKey === undefined) {
        if (isGone(item)) dropped.push(delivery);
        return !isGone(item);
      }
      const behind = keys.get(orderingKey);
      // Here again, it begins the key anew.
      if (behind?.[0]?.providerId === providerId && !isGone(item)) return keys.delete(orderingKey);
      if (behind === undefined && !isGone(item)) return true;
      if (behind === undefined) keys.set(orderingKey, [delivery]);
      else behind.push(delivery);
      return false;
    });
    for (const behind of keys.values()) dropped.push(...behind);
    if (dropped.length > 0) onExpired(dropped);
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

  /** Every quarter of a lease: those with less than half left. */
  async #renewDue(): Promise<void> {
    this.#timer = undefined;
    const { clock, leaseMs, renew } = this.#options;
    const sentAtMs = clock.now();
    // The service would renew without a word what it does not count any more.
    this.#dropExpired(sentAtMs);
    const due = this.#items.filter(({ untilMs }) => untilMs - sentAtMs < leaseMs / 2);
    this.#arm();
    if (due.length === 0) return;
    const renewed = await renew(due.map(({ delivery }) => delivery));
    for (const [index, item] of due.entries()) {
      if (renewed[index] === true) item.untilMs = sentAtMs + leaseMs;
    }
  }
}
