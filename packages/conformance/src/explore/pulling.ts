import {
  DeadLetterError,
  isQueueError,
  RetryError,
  type QueueConsumer,
  type ReceivedMessage,
} from "@anyqueue/core";
import type { ExploredBody } from "./explored-queue.ts";

/** How an application takes messages: by a handler, by calls of `receive`, or by `for await`. */
export type ConsumerMode = "run" | "receive" | "iterate";

/** Most messages of one `receive`: they are handled side by side. */
export const PULLED_AT_ONCE = 5;

/** What pulls, and what it does with one message. */
export interface Pulling {
  readonly mode: Exclude<ConsumerMode, "run">;
  readonly consumer: QueueConsumer<ExploredBody>;
  /** Aborts before the consumer is closed. */
  readonly ended: AbortSignal;
  /** False: the application leaves the message alone, which gives it back. */
  handle(message: ReceivedMessage<ExploredBody>): Promise<boolean>;
  /** Waits before it asks again after an error. */
  pause(): Promise<void>;
}

/** Pulls until the consumer closes. */
export async function pull(pulling: Pulling): Promise<void> {
  const { mode, consumer, ended } = pulling;
  if (mode === "iterate") {
    for await (const message of consumer) await settle(message, pulling);
    return;
  }
  while (!ended.aborted) {
    const messages = await receive(pulling);
    await Promise.all(messages.map(async (message) => await settle(message, pulling)));
  }
}

/** Errors of the service are the application's to repeat. */
async function receive(pulling: Pulling): Promise<readonly ReceivedMessage<ExploredBody>[]> {
  try {
    return await pulling.consumer.receive({ max: PULLED_AT_ONCE, wait: "2s" });
  } catch (error) {
    if (!isQueueError(error)) throw error;
    await pulling.pause();
    return [];
  }
}

/** As an application would, by what its handling throws. The history shows what became of the settlement. */
async function settle(message: ReceivedMessage<ExploredBody>, pulling: Pulling): Promise<void> {
  try {
    await using _ = message;
    await end(message, pulling);
  } catch (error) {
    if (!isQueueError(error)) throw error;
  }
}

async function end(message: ReceivedMessage<ExploredBody>, { handle }: Pulling): Promise<void> {
  let isHandled: boolean;
  try {
    isHandled = await handle(message);
  } catch (error) {
    if (error instanceof DeadLetterError) await message.deadLetter(error.reason);
    else if (error instanceof RetryError && error.delayMs !== undefined)
      await message.retry(`${error.delayMs}ms`);
    else await message.retry();
    return;
  }
  if (isHandled) await message.ack();
}
