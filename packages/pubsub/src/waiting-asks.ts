import type { Clock, Delivery, ReceiveAsk, Timer } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";

type Deliveries = readonly Delivery<PubsubHandle>[];

interface WaitingAsk {
  readonly maxItems: number;
  answer(deliveries: Deliveries): void;
  fail(error: unknown): void;
}

/** Asks that wait for something to come; first come, first served. */
export class WaitingAsks {
  readonly #clock: Clock;
  readonly #asks = new Set<WaitingAsk>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#asks.size;
  }

  /** Resolves with nothing when the wait is over or the signal aborts (D1). */
  async wait(ask: ReceiveAsk, signal: AbortSignal): Promise<Deliveries> {
    return await new Promise<Deliveries>((resolve, reject) => {
      const end = (): void => {
        this.#asks.delete(waiting);
        timer.cancel();
        signal.removeEventListener("abort", giveUp);
      };
      const waiting: WaitingAsk = {
        maxItems: ask.maxItems,
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
      const timer: Timer = this.#clock.setTimer(giveUp, ask.waitMs, true);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#asks.add(waiting);
    });
  }

  /** Answers as many asks as `take` has deliveries for. */
  serve(take: (maxItems: number) => Deliveries): void {
    for (const ask of this.#asks) {
      const deliveries = take(ask.maxItems);
      if (deliveries.length === 0) return;
      ask.answer(deliveries);
    }
  }

  answerAll(): void {
    for (const ask of this.#asks) ask.answer([]);
  }

  /** @returns false if nobody was waiting */
  failAll(error: unknown): boolean {
    const hadAny = this.#asks.size > 0;
    for (const ask of this.#asks) ask.fail(error);
    return hadAny;
  }
}
