import type { Delivery } from "@anyqueue/core/adapter";
import { confirmed, type Confirmation, type ReceiverParts } from "./receiver.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

export interface ReceiptsOptions extends ReceiverParts {
  /** Takes confirmed deliveries; `untilMs`: end of their leases, monotonic. */
  readonly admit: (confirmation: Confirmation, untilMs: number) => void;
}

/**
 * On an exactly-once subscription a delivery is ours only once the service has confirmed its lease. One
 * request is in flight at a time; the next one takes all that came meanwhile, so deliveries are admitted in
 * the order of arrival.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  #waiting: Delivery<PubsubHandle>[] = [];
  #running: Promise<void> | undefined;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  add(deliveries: Deliveries): void {
    this.#waiting.push(...deliveries);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** True: deliveries that come now must not pass those under way. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when no request is in flight. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, leaseMs, events, admit } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const sentAtMs = clock.now();
      try {
        admit(await confirmed(this.#options, batch), sentAtMs + leaseMs);
      } catch (error) {
        events.fault(error);
      }
    }
  }
}
