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
  /** Messages per call. */
  readonly batchSize: number;
  /** Parallel calls. */
  readonly maxConcurrency: number;
  readonly isOnce: boolean;
  /** Settles the given messages. */
  readonly onBatch: (messages: readonly PumpedMessage[]) => Promise<void>;
  readonly onWarning: (text: string) => void;
}

/** Receive requests are short and never aborted: messages that arrived afterwards would be nobody's. */
const ASK = "1s";
/** Ends when the service has answered, however long that takes: a slow queue does not look empty. */
const LOOK = "0ms";
/** Time between two looks while a call is running. */
const LOOK_EVERY_MS = 200;
const MAX_ASK = 10;
const MAX_FAILURES_IN_A_ROW = 5;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** Receives messages from a queue of any provider and hands them to calls, like a platform's poller. */
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
      // The entity's own policy decides how often a message comes and where it goes then, as on the platform.
      retry: { attempts: "unlimited" },
      deadLetter: "none",
      onInvalid: "retry",
    });
  }

  /** Connects without receiving anything. */
  static async open(options: PumpOptions): Promise<MessagePump> {
    const client = await connect(options.place.config, {
      listener: { notice: ({ text }) => options.onWarning(withoutOwnAttempts(text)) },
    });
    return new MessagePump(options, client);
  }

  /** Resolves when `signal` aborts, or nothing is left with `isOnce`, once every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#poll(signal);
    } finally {
      await Promise.all(this.#running);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives back messages that no call has had. */
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
      // An open receive may miss what a call gives back or sends: the last one begins when no call runs.
      const wasIdle = this.#running.size === 0;
      try {
        const messages = isOnce ? await this.#look(wasIdle) : await this.#receive(ASK);
        failuresInARow = 0;
        if (signal.aborted) {
          // At once, since a call may run for minutes. On close, the client gives back what is left.
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

  /** Returns what is there. If that is nothing and no call is running, waits for messages once more. */
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
