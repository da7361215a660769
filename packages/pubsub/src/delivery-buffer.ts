import type { Clock, Delivery, Timer } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";
import type { Return } from "./receiver.ts";

/** Nobody has it yet, so that it may still change. */
type Fresh = Omit<Delivery<PubsubHandle>, "leaseMs"> & { leaseMs?: number };

interface Buffered {
  readonly delivery: Fresh;
  /** End of its lease; monotonic. */
  untilMs: number;
  /** The same if it had not waited for this process. */
  latestMs: number;
}

export interface DeliveryBufferOptions {
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Lengthens leases by `leaseMs`. @returns which succeeded; never rejects */
  readonly renew: (deliveries: readonly Delivery<PubsubHandle>[]) => Promise<readonly boolean[]>;
  /** True: what follows a lost delivery on its key comes again with it. */
  readonly keepsOrder: () => boolean;
  /** The first of each key whose lease ran out, or may have, before anybody asked for it. */
  readonly onLost: (returns: readonly Return[]) => void;
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
    const latestMs = this.#options.clock.now() + this.#options.leaseMs;
    for (const delivery of deliveries) this.#items.push({ delivery, untilMs, latestMs });
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

  /** These come again by themselves, and where order is kept what follows them does, too. */
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
      // Here again, it begins the key anew.
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
      if (renewed[index] === true) item.untilMs = item.latestMs = sentAtMs + leaseMs;
    }
  }
}
