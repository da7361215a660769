import { setTimeout as realDelay } from "node:timers/promises";
import type { EventBatch, EventSource } from "@anyqueue/core";

const REAL_BEAT_MS = 1;
/** Work that takes more beats than this does not hold up time: it may be the subject of the case. */
const MAX_BEATS = 500;

/**
 * What a function asks of its host is not a call of the broker yet. Time must not move on before it has
 * become one: locks would be lost that would have been renewed in time.
 */
export class WorkUnderWay {
  #count = 0;

  /** Counts the engine's requests to the batches of an event source. */
  watch<Args extends readonly unknown[], Reply, Handle>(
    source: EventSource<Args, Reply, Handle>,
  ): EventSource<Args, Reply, Handle> {
    return {
      receive: async (...args) => this.#watched(await source.receive(...args)),
      reply: async (outcomes, batch, ...args) =>
        await this.during(async () => await source.reply(outcomes, batch, ...args)),
    };
  }

  /** Resolves when nothing is under way. */
  async untilDone(): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- it looks again and again
    for (let beat = 0; beat < MAX_BEATS && this.#count > 0; beat += 1) await realDelay(REAL_BEAT_MS);
  }

  #watched<Handle>(batch: EventBatch<Handle>): EventBatch<Handle> {
    const { settle } = batch;
    if (settle === undefined) return batch;
    const { ackBatch, releaseBatch, deadLetterBatch, extendBatch } = settle;
    return {
      ...batch,
      settle: {
        ...(ackBatch && { ackBatch: async (...args) => await this.during(() => ackBatch(...args)) }),
        ...(releaseBatch && {
          releaseBatch: async (...args) => await this.during(() => releaseBatch(...args)),
        }),
        ...(deadLetterBatch && {
          deadLetterBatch: async (...args) => await this.during(() => deadLetterBatch(...args)),
        }),
        ...(extendBatch && {
          extendBatch: async (...args) => await this.during(() => extendBatch(...args)),
        }),
      },
    };
  }

  /** Counts a piece of work. An arrow function, so that others can call it. */
  readonly during = async <Value>(work: () => Value | Promise<Value>): Promise<Value> => {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  };
}
