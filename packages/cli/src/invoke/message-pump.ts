import { setTimeout as sleep } from "node:timers/promises";
import {
  isQueueError,
  type Duration,
  type QueueClient,
  type QueueConsumer,
  type ReceivedMessage,
} from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { withoutOwnAttempts } from "../own-attempts.ts";
import type { QueuePlace } from "./queue-place.ts";

export type PumpedMessage = ReceivedMessage<Uint8Array>;

export interface PumpOptions {
  readonly place: QueuePlace;
  /** Messages of one call. */
  readonly batchSize: number;
  /** Calls under way at once. */
  readonly maxConcurrency: number;
  readonly isOnce: boolean;
  /** Settles what it is given. */
  readonly onBatch: (messages: readonly PumpedMessage[]) => Promise<void>;
  readonly onWarning: (text: string) => void;
}

/** Asks are short and never aborted: what an ask brings after that would stay with nobody. */
const ASK = "1s";
/** An ask that is over when the service has answered, however long that takes: a slow one is not taken for an empty one. */
const LOOK = "0ms";
/** Between two looks while a call runs. */
const LOOK_EVERY_MS = 200;
const MAX_ASK = 10;
const MAX_FAILURES_IN_A_ROW = 5;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** Takes messages from a queue of any provider and hands them to calls, as a platform's poller does. */
export class MessagePump {
  readonly #options: PumpOptions;
  readonly #client: QueueClient;
  readonly #consumer: QueueConsumer<Uint8Array>;
  readonly #running = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(options: PumpOptions, client: QueueClient) {
    this.#options = options;
    this.#client = client;
    this.#consumer = client.consumer(options.place.definition, {
      // How often a message comes, and where it goes then, is the entity's own policy, as behind the platform.
      retry: { attempts: "unlimited" },
      deadLetter: "none",
      onInvalid: "retry",
    });
  }

  /** Connects without taking anything. */
  static async open(options: PumpOptions): Promise<MessagePump> {
    const client = await connect(options.place.config, {
      listener: { notice: ({ text }) => options.onWarning(withoutOwnAttempts(text)) },
    });
    return new MessagePump(options, client);
  }

  /** Resolves when `signal` has aborted, or with `isOnce` nothing is left, and every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#poll(signal);
    } finally {
      await Promise.all(this.#running);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives back what no call has had. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { maxConcurrency, isOnce, onWarning } = this.#options;
    let failuresInARow = 0;
    // oxlint-disable no-await-in-loop -- one poller
    while (!signal.aborted && this.#failure === undefined) {
      if (this.#running.size >= maxConcurrency) {
        await Promise.race(this.#running);
        continue;
      }
      // What a call gives back or sends while an ask is out may come behind it: the last ask begins when none runs.
      const wasIdle = this.#running.size === 0;
      try {
        const messages = isOnce ? await this.#look(wasIdle) : await this.#receive(ASK);
        failuresInARow = 0;
        if (signal.aborted) {
          // At once, a call may still run for minutes; what cannot be given back now is when the client closes.
          await Promise.allSettled(messages.map(async (message) => await message.retry("0ms")));
          return;
        }
        if (messages.length > 0) this.#start(messages);
        else if (isOnce && wasIdle) return;
      } catch (error) {
        failuresInARow += 1;
        if (!isQueueError(error) || !error.retryable || failuresInARow >= MAX_FAILURES_IN_A_ROW) throw error;
        onWarning(`${error.message} Trying again.`);
        await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { signal }).catch(() => {});
      }
    }
    // oxlint-enable no-await-in-loop
  }

  /** What is there; nothing, with no call running, when there was nothing and nothing came for an ask. */
  async #look(isIdle: boolean): Promise<readonly PumpedMessage[]> {
    const messages = await this.#receive(LOOK);
    if (messages.length > 0) return messages;
    if (isIdle) return await this.#receive(ASK);
    await Promise.race([...this.#running, sleep(LOOK_EVERY_MS)]);
    return messages;
  }

  async #receive(wait: Duration): Promise<readonly PumpedMessage[]> {
    const { batchSize, maxConcurrency } = this.#options;
    const room = (maxConcurrency - this.#running.size) * batchSize;
    return await this.#consumer.receive({ max: Math.min(room, Math.max(MAX_ASK, batchSize)), wait });
  }

  #start(messages: readonly PumpedMessage[]): void {
    const { batchSize, onBatch } = this.#options;
    for (let start = 0; start < messages.length; start += batchSize) {
      const call = onBatch(messages.slice(start, start + batchSize))
        .catch((error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => this.#running.delete(call));
      this.#running.add(call);
    }
  }
}
