import type { Delivery, ItemResult } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { isPassingResult, TRIES, type ReceiverParts, type Return } from "./receiver.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

export interface GiveBacksOptions extends Pick<
  ReceiverParts,
  "subscription" | "events" | "clock" | "leaseMs"
> {
  /** Called with deliveries that the service has again, or will not take. */
  readonly onBack: (returns: readonly Return[]) => void;
}

interface Pending {
  readonly delivery: Delivery<PubsubHandle>;
  /** Delay until the service offers it again. */
  readonly seconds: number;
  /** After this the delivery has come back by itself; monotonic. */
  readonly untilMs: number;
}

const PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;

/**
 * Makes deliveries that nobody has begun visible again. One that stays here holds up its key for a whole
 * lease, so temporary failures are retried until that lease ends. Only one request is in flight at a time;
 * the next one takes all that came meanwhile, so a message and those behind it go back in order.
 */
export class GiveBacks {
  readonly #options: GiveBacksOptions;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #isClosing = false;

  constructor(options: GiveBacksOptions) {
    this.#options = options;
  }

  add(deliveries: Deliveries, seconds = 0): void {
    if (deliveries.length === 0) return;
    const { subscription, clock, leaseMs } = this.#options;
    const untilMs = clock.now() + leaseMs;
    for (const delivery of deliveries) {
      subscription.handBacks.addOnce(delivery.handle);
      this.#pending.push({ delivery, seconds, untilMs });
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when no request is in flight; from now on each delivery is tried only a few times. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      const failed = new Set(await this.#failed(batch));
      failures = failed.size > 0 ? failures + 1 : 0;
      if (this.#isClosing && failures >= TRIES) failed.clear();
      this.#pending = [...failed, ...this.#pending];
      const open = new Set(this.#pending.map(({ delivery }) => delivery.handle.messageId));
      const nowMs = this.#options.clock.now();
      const { leaseMs } = this.#options;
      const back = batch.map(({ delivery: { handle }, seconds, untilMs }): Return => {
        const waitMs = seconds * 1_000;
        return { handle, comesAtMs: nowMs + waitMs, earliestMs: untilMs - leaseMs + waitMs };
      });
      this.#options.onBack(back.filter(({ handle }) => !open.has(handle.messageId)));
      if (failed.size > 0) await this.#pause(Math.min(failures * PAUSE_MS, MAX_PAUSE_MS));
    }
  }

  /** @returns the deliveries that are worth another try */
  async #failed(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const { subscription, events, clock } = this.#options;
    const items = batch.map(({ delivery, seconds }) => ({ ackId: delivery.handle.ackId, seconds }));
    const results = await subscription.changeDeadlines(items).catch((error: unknown) => {
      events.fault(error);
      return batch.map((): ItemResult => ({ ok: false, error }));
    });
    const nowMs = clock.now();
    return batch.filter(({ untilMs }, index) => isPassingResult(results[index]) && nowMs < untilMs);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#options.clock.setTimer(resolve, ms, true));
  }
}
