import type { EngineClock } from "../../../time/engine-clock.ts";
import { PUBSUB_MAX_PULL_WAIT_MS } from "../pubsub-limits.ts";
import type { ConsumerOptions, Delivery } from "./consumer.ts";
import type { Subscription } from "./subscription.ts";

export interface PullRequest {
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
}

/** Takes one batch of messages. Waits for the first one, unless told to return at once. */
export function pullMessages(
  subscription: Subscription,
  clock: EngineClock,
  { maxMessages, returnImmediately }: PullRequest,
  cancelled: AbortSignal,
): Promise<readonly Delivery[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery[]>();
  const options: ConsumerOptions = {
    maxMessages,
    maxBytes: 0,
    ackDeadlineMs: subscription.resource.ackDeadlineSeconds * 1000,
    deliver: (batch) => finish(batch),
  };
  const atOnce = subscription.take(options);
  if (atOnce.length > 0 || returnImmediately || cancelled.aborted) return Promise.resolve(atOnce);
  const stop = (): void => {
    clock.cancel(timer);
    cancelled.removeEventListener("abort", giveUp);
    subscription.leave(consumer);
  };
  const finish = (batch: readonly Delivery[]): void => {
    stop();
    resolve(batch);
  };
  const giveUp = (): void => {
    finish([]);
  };
  const timer = clock.at(clock.now() + PUBSUB_MAX_PULL_WAIT_MS, giveUp);
  cancelled.addEventListener("abort", giveUp);
  const consumer = subscription.consume(options, (error) => {
    stop();
    reject(error);
  });
  return promise;
}
