import type { Clock, ReceiveAsk } from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import type { Intake } from "./intake.ts";
import type { LockLength } from "./lock-length.ts";
import { PullLink } from "./pull-link.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";

/** The credit of a link is fixed when it is made: a few sizes serve every ask, with fewer messages than asked at most. */
const SIZES = [200, 50, 10, 3, 1] as const;
/** Asks that wait less than this are given the time of one look at the service: else nothing could arrive at all. */
const SHORT_WAIT_MS = 50;

/** Messages on request: nothing is credited, and so nothing locked, between two asks. */
export class PullIntake implements Intake {
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #clock: Clock;
  readonly #links: PullLink[] = [];
  readonly #asks = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(receivers: EntityReceivers, locks: LockLength, clock: Clock) {
    this.#receivers = receivers;
    this.#locks = locks;
    this.#clock = clock;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#receivers.peek(1, signal);
  }

  async setFlow(): Promise<void> {
    // The asks are the flow.
  }

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]> {
    if (signal.aborted || this.#closing.signal.aborted) return [];
    const link = await this.#freeLink(ask.maxItems);
    const taking = this.#take(link, ask, signal);
    this.#asks.add(taking);
    try {
      return await taking;
    } finally {
      this.#asks.delete(taking);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#asks);
    await Promise.all(this.#links.map((link) => link.close()));
  }

  async #take(link: PullLink, ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]> {
    const over = new AbortController();
    const end = (): void => over.abort();
    const timer = this.#clock.setTimer(end, ask.waitMs);
    signal.addEventListener("abort", end, { once: true });
    this.#closing.signal.addEventListener("abort", end, { once: true });
    try {
      return await link.take(this.#ended(ask, over.signal));
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", end);
      this.#closing.signal.removeEventListener("abort", end);
    }
  }

  async #ended({ waitMs }: ReceiveAsk, over: AbortSignal): Promise<void> {
    // Two looks: the link opens while the first is under way, and its messages come before the second's answer.
    for (let looks = 0; looks < 2 && waitMs < SHORT_WAIT_MS; looks += 1) {
      await this.#receivers.peek(1, this.#closing.signal);
    }
    if (waitMs < SHORT_WAIT_MS || over.aborted) return;
    await new Promise<void>((resolve) => {
      over.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async #freeLink(maxItems: number): Promise<PullLink> {
    const credit = SIZES.find((size) => size <= maxItems) ?? 1;
    const free = this.#links.find((link) => !link.isBusy && link.credit === credit);
    if (free !== undefined) {
      free.isBusy = true;
      return free;
    }
    const receiver = await this.#receivers.newReceiver();
    const link = new PullLink(receiver, credit, this.#receivers.connection, this.#locks);
    link.isBusy = true;
    this.#links.push(link);
    return link;
  }
}
