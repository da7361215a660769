import { setTimeLimit, type Clock, type Delivery, type ReceiveAsk } from "@anyqueue/core/adapter";
import { RECEIVE_MARGIN_MS } from "./sqs-limits.ts";
import type { SqsHandle } from "./sqs-wire.ts";

/** One ReceiveMessage call in progress. */
export interface RunningPoll {
  readonly deliveries: Promise<readonly Delivery<SqsHandle>[]>;
  readonly maxItems: number;
  /** When its wait is over, by the monotonic clock. */
  readonly endsAtMs: number;
  /** Ends the request; `deliveries` then rejects. */
  cut(): void;
}

interface LatePoll {
  readonly poll: RunningPoll;
  isAdopted: boolean;
  isOver: boolean;
}

/**
 * Polls that the core gave up on (D1). They keep running: a poll that is cut off could take messages that
 * nobody sees until their lease ends. The next ask adopts such a poll; what an unadopted poll brings is
 * released.
 */
export class LatePolls {
  readonly #clock: Clock;
  readonly #giveBack: (deliveries: readonly Delivery<SqsHandle>[]) => Promise<void>;
  readonly #polls = new Map<LatePoll, Promise<void>>();

  /** @param giveBack never rejects */
  constructor(clock: Clock, giveBack: (deliveries: readonly Delivery<SqsHandle>[]) => Promise<void>) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  keep(poll: RunningPoll): void {
    const late: LatePoll = { poll, isAdopted: false, isOver: false };
    this.#polls.set(
      late,
      this.#await(late).finally(() => this.#polls.delete(late)),
    );
  }

  /** Returns a poll, if any, that answers in time for `ask` and brings no more than it wants. */
  adopt(ask: ReceiveAsk): RunningPoll | undefined {
    const nowMs = this.#clock.now();
    for (const late of this.#polls.keys()) {
      const leftMs = late.poll.endsAtMs - nowMs;
      if (late.isOver || leftMs <= 0 || leftMs > ask.waitMs || late.poll.maxItems > ask.maxItems) continue;
      late.isAdopted = true;
      this.#polls.delete(late);
      return late.poll;
    }
    return undefined;
  }

  /** Resolves when all polls are over and their deliveries released, after `limitMs` at the latest. */
  async settled(limitMs: number): Promise<void> {
    if (this.#polls.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeLimit(this.#clock, resolve, limitMs, true);
      void Promise.all(this.#polls.values()).finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #await(late: LatePoll): Promise<void> {
    const { deliveries: running, endsAtMs, cut } = late.poll;
    // An application's own client may have no timeout: a half-open connection would keep its socket forever.
    const overdue = setTimeLimit(this.#clock, cut, endsAtMs + RECEIVE_MARGIN_MS - this.#clock.now());
    const deliveries = await running.catch(() => []);
    overdue.cancel();
    late.isOver = true;
    if (!late.isAdopted && deliveries.length > 0) await this.#giveBack(deliveries);
  }
}
