import { setTimeLimit, type Clock, type ReceiveAsk } from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import type { Intake } from "./intake.ts";
import type { LockLength } from "./lock-length.ts";
import { PullLink } from "./pull-link.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";

/** A link's credit is fixed at its start. A few sizes serve every ask, never with more than it asked for. */
const SIZES = [200, 50, 10, 3, 1] as const;
/** Shorter waits are given the time of a few peeks: without that nothing could arrive at all. */
const SHORT_WAIT_MS = 50;
/** Round trips that a message may need to arrive. A new link needs several, and tells if it had too few. */
const FEWEST_LOOKS = 2;
const MOST_LOOKS = 64;

/** Messages on request: between two asks there is no credit, and so nothing is locked. */
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
    // Nothing to do: the asks are the flow.
  }

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]> {
    if (signal.aborted || this.#closing.signal.aborted) return [];
    await this.#receivers.openManagement(signal);
    const link = await this.#freeLink(ask.maxItems);
    if (isAborted(signal) || isAborted(this.#closing.signal)) {
      link.isBusy = false;
      return [];
    }
    const taking = this.#takeOnce(link, ask, signal);
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

  /** Repeats an ask that was over before its link was open, with the time of some peeks. */
  async #takeOnce(
    link: PullLink,
    ask: ReceiveAsk,
    signal: AbortSignal,
  ): Promise<readonly ServiceBusHandle[]> {
    let handles = await this.#take(link, ask, signal);
    for (let looks = FEWEST_LOOKS; looks <= MOST_LOOKS; looks *= 2) {
      const isDone = handles.length > 0 || link.hasAsked;
      if (isDone || isAborted(signal) || isAborted(this.#closing.signal)) break;
      handles = await link.take(this.#look(looks));
    }
    return handles;
  }

  async #take(
    link: PullLink,
    { waitMs }: ReceiveAsk,
    signal: AbortSignal,
  ): Promise<readonly ServiceBusHandle[]> {
    if (waitMs < SHORT_WAIT_MS) return await link.take(this.#look(FEWEST_LOOKS));
    const over = new AbortController();
    const end = (): void => over.abort();
    const timer = setTimeLimit(this.#clock, end, waitMs);
    signal.addEventListener("abort", end, { once: true });
    this.#closing.signal.addEventListener("abort", end, { once: true });
    try {
      return await link.take(
        new Promise((resolve) => {
          over.signal.addEventListener("abort", () => resolve(), { once: true });
        }),
      );
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", end);
      this.#closing.signal.removeEventListener("abort", end);
    }
  }

  async #look(times: number): Promise<void> {
    for (let look = 0; look < times; look += 1) await this.#receivers.peek(1, this.#closing.signal);
  }

  async #freeLink(maxItems: number): Promise<PullLink> {
    const credit = SIZES.find((size) => size <= maxItems) ?? 1;
    const free = this.#links.find((link) => !link.isBusy && !link.isBroken && link.credit === credit);
    if (free !== undefined) {
      free.isBusy = true;
      return free;
    }
    this.#forgetSpent();
    const receiver = await this.#receivers.newReceiver();
    const link = new PullLink(receiver, credit, this.#receivers, this.#locks);
    link.isBusy = true;
    this.#links.push(link);
    return link;
  }

  /** Else every connection that dies would leave its links here. */
  #forgetSpent(): void {
    for (const link of this.#links.filter(({ isSpent }) => isSpent)) {
      this.#links.splice(this.#links.indexOf(link), 1);
      void link.close().catch(() => {});
    }
  }
}

/** The signal may change while we wait; the compiler assumes that a property does not. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
