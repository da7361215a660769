import type { Delivery } from "@anyqueue/core/adapter";
import { confirmed, type Confirmation, type ReceiverParts } from "./receiver.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

export interface ReceiptsOptions extends ReceiverParts {
  /** Takes what is confirmed; `untilMs`: end of its lease, monotonic. */
  readonly admit: (confirmation: Confirmation, untilMs: number) => void;
}

/**
 * On an exactly-once subscription a delivery is ours only when the service has confirmed its lease. One request is out
 * at a time and takes all that came meanwhile, so that deliveries are admitted in the order of their arrival.
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

  /** True: what comes now must not pass what is under way. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when none is under way. */
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
