import {
  deadLetterByCopies,
  systemClock,
  type DeadLetterCopies,
  type Delivery,
  type QueueAdapter,
} from "@anyqueue/core/adapter";
import { pubsub, type PubsubOptions } from "./pubsub-provider.ts";
import type { PubsubCalls, PubsubSettling } from "./push-options.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { invalid } from "./refusal.ts";

/** Options of {@link pubsubCalls}: where dead letters go, and how to reach Pub/Sub. */
export interface PubsubCallsOptions extends PubsubOptions {
  /**
   * The topic for dead letters: its name (in the subscription's project) or its full name. The function's
   * service account needs `roles/pubsub.publisher` on it. The topic needs a subscription: without one,
   * messages sent to it are lost, and with `roles/pubsub.viewer` dead letters fail then (NOT_FOUND).
   */
  readonly deadLetterTopic: string;
}

interface OpenTopic extends DeadLetterCopies {
  readonly adapter: QueueAdapter;
  /** True: somebody keeps what is sent to it, as far as the function may look. */
  isOpen: boolean;
}

/**
 * Lets a function send dead letters to a topic: pass it as the option `calls` of `pushRequests`,
 * `nodePushRequests` or `pubsubEvents`. It is separate from them, so that functions without it carry none of
 * its code. The SDK is loaded with the first dead letter.
 *
 * @example
 * const source = pushRequests({
 *   trustPlatform: true,
 *   calls: pubsubCalls({ deadLetterTopic: "orders-dead" }),
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function pubsubCalls(options: PubsubCallsOptions): PubsubCalls {
  const { deadLetterTopic, ...connection }: PubsubCallsOptions = options ?? {};
  if (typeof deadLetterTopic !== "string" || deadLetterTopic === "")
    throw invalid("pubsubCalls(): deadLetterTopic: expected the name of a topic", 'Write "orders-dead".');
  const provider = pubsub(connection);
  const isProjectSaid = connection.project !== undefined || connection.client !== undefined;
  // Refuses an invalid name now, not when the first message is dead-lettered.
  openTopic(provider, deadLetterTopic, "");
  /** By project: one function may have several subscriptions. */
  const topics = new Map<string, OpenTopic>();
  return Object.freeze({
    of: (project: string | undefined, deliveries: readonly Delivery<PubsubHandle>[]): PubsubSettling => {
      const authority = isProjectSaid ? "" : (project ?? "");
      const topic = topics.get(authority) ?? openTopic(provider, deadLetterTopic, authority);
      topics.set(authority, topic);
      const copy = deadLetterByCopies(deliveries, topic);
      const deadLetterBatch: typeof copy = async (items, signal) => {
        if (!topic.isOpen) await topic.producer.open?.(signal);
        topic.isOpen = true;
        return await copy(items, signal);
      };
      return { adapter: topic.adapter, settle: { deadLetterBatch } };
    },
  });
}

function openTopic(provider: ReturnType<typeof pubsub>, topic: string, project: string): OpenTopic {
  const url = { scheme: "pubsub", authority: project, path: "", parameters: {}, text: `pubsub://${project}` };
  const adapter = provider.connect(url, { clock: systemClock });
  const target = adapter.resolve({ kind: "dead-letter", name: topic, exact: true, features: [] });
  return { adapter, producer: adapter.openProducer(target), target, isOpen: false };
}
