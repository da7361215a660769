import { QueueError, type Clock, type ReceiveAsk } from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import type { Intake } from "./intake.ts";
import type { LockLength } from "./lock-length.ts";
import { PullLink } from "./pull-link.ts";
import { PROVIDER } from "./refusal.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";
import { REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";
import { settlesWithin } from "./settles-within.ts";

/** A link's credit is fixed at its start. A few sizes serve every ask, never with more than it asked for. */
const SIZES = [200, 50, 10, 3, 1] as const;
/** Shorter waits are given the time of a few peeks: without that nothing could arrive at all. */
const SHORT_WAIT_MS = 50;
/** Round trips that a message may need to arrive on an open link. */
const LOOKS = 2;

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

  async #take(
    link: PullLink,
    { waitMs }: ReceiveAsk,
    signal: AbortSignal,
  ): Promise<readonly ServiceBusHandle[]> {
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener("abort", end, { once: true });
    this.#closing.signal.addEventListener("abort", end, { once: true });
    try {
      const handles = await link.take((opened) => this.#wait(opened, waitMs, over.signal));
      if (handles.length === 0 && !link.hasAsked && !isAborted(over.signal)) throw notOpened();
      return handles;
    } finally {
      end();
      signal.removeEventListener("abort", end);
      this.#closing.signal.removeEventListener("abort", end);
    }
  }

  /** If the time is over before the link is open, nothing can have come. An opening begun anew would be no sooner. */
  async #wait(opened: Promise<void>, waitMs: number, over: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      over.addEventListener("abort", () => resolve(), { once: true });
    });
    let isOpen = false;
    const open = opened.then(() => (isOpen = true));
    if (waitMs >= SHORT_WAIT_MS) {
      await settlesWithin(ended, waitMs, this.#clock);
      if (isOpen) return;
    }
    await settlesWithin(Promise.race([open, ended]), REQUEST_TIMEOUT_MS, this.#clock);
    for (let look = 0; look < LOOKS && isOpen && !over.aborted; look += 1)
      await this.#receivers.peek(1, over);
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
    const link = new PullLink(receiver, credit, this.#receivers, this.#locks, this.#clock);
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

function notOpened(): QueueError {
  return new QueueError("TIMEOUT", {
    what: "the link for messages did not open in time",
    provider: PROVIDER,
  });
}
