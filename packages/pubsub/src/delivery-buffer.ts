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

  /** The oldest, each with what is left of its lease (D14); one whose lease ran out comes again by itself. */
  take(maxItems: number): readonly Delivery<PubsubHandle>[] {
    const nowMs = this.#options.clock.now();
    const taken: Delivery<PubsubHandle>[] = [];
    let next = 0;
    for (; next < this.#items.length && taken.length < maxItems; next += 1) {
      const item = this.#items[next];
      const leftMs = item === undefined ? 0 : item.untilMs - nowMs;
      if (item === undefined || leftMs < MIN_LEFT_MS) continue;
      item.delivery.leaseMs = leftMs;
      taken.push(item.delivery);
    }
    this.#items = this.#items.slice(next);
    this.#arm();
    return taken;
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
    const due = this.#items.filter(({ untilMs }) => untilMs - sentAtMs < leaseMs / 2);
    this.#arm();
    if (due.length === 0) return;
    const renewed = await renew(due.map(({ delivery }) => delivery));
    for (const [index, item] of due.entries()) {
      if (renewed[index] === true) item.untilMs = sentAtMs + leaseMs;
    }
  }
}
