import {
  LinkedList,
  setTimeLimit,
  type Clock,
  type Delivery,
  type Linked,
  type ReceiveAsk,
  type Timer,
} from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

interface WaitingAsk extends Linked<WaitingAsk> {
  readonly maxItems: number;
  answer(deliveries: Deliveries): void;
  fail(error: unknown): void;
}

/** Asks that wait for deliveries; first come, first served. */
export class WaitingAsks {
  readonly #clock: Clock;
  /** Not a `Set`: it would keep the answers of asks that passed through it (see `LinkedList`). */
  readonly #asks = new LinkedList<WaitingAsk>();
  count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves without deliveries when the wait is over or the signal aborts (D1). */
  async wait(ask: ReceiveAsk, signal: AbortSignal): Promise<Deliveries> {
    return await new Promise<Deliveries>((resolve, reject) => {
      const end = (): void => {
        this.#asks.delete(waiting);
        this.count -= 1;
        timer.cancel();
        signal.removeEventListener("abort", giveUp);
      };
      const waiting: WaitingAsk = {
        maxItems: ask.maxItems,
        previous: undefined,
        next: undefined,
        answer: (deliveries) => {
          end();
          resolve(deliveries);
        },
        fail: (error) => {
          end();
          /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the vendor's value, read by classify() */
          reject(error);
        },
      };
      const giveUp = (): void => waiting.answer([]);
      const timer: Timer = setTimeLimit(this.#clock, giveUp, ask.waitMs, true);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#asks.add(waiting);
      this.count += 1;
    });
  }

  /** Answers as many asks as `take` has deliveries for. */
  serve(take: (maxItems: number) => Deliveries): void {
    for (let ask = this.#asks.first; ask !== undefined; ask = this.#asks.first) {
      const deliveries = take(ask.maxItems);
      if (deliveries.length === 0) return;
      ask.answer(deliveries);
    }
  }

  answerAll(): void {
    for (const ask of this.#asks.toArray()) ask.answer([]);
  }

  /** @returns false if nobody was waiting */
  failAll(error: unknown): boolean {
    const asks = this.#asks.toArray();
    for (const ask of asks) ask.fail(error);
    return asks.length > 0;
  }
}
