import type { Consumer, ConsumerOptions, Delivery } from "../../src/fronts/pubsub/engine/consumer.ts";
import { PubsubEngine } from "../../src/fronts/pubsub/engine/pubsub-engine.ts";
import type { SubscriptionResource, TopicResource } from "../../src/fronts/pubsub/engine/resources.ts";
import type { Subscription } from "../../src/fronts/pubsub/engine/subscription.ts";
import type { VirtualClock } from "../../src/time/engine-clock.ts";
import { manualClock } from "./manual-engine.ts";

export const TOPIC = "projects/p/topics/orders";

/** An engine on a manual clock that serves woken consumers at once. */
export interface ManualPubsub {
  readonly engine: PubsubEngine;
  readonly clock: VirtualClock;
  topic(name: string, settings?: Partial<TopicResource>): void;
  subscription(id: string, settings?: Partial<SubscriptionResource>): Subscription;
  /** Publishes to `orders`; returns the ids. */
  publish(orderingKey: string, ...bodies: readonly string[]): readonly string[];
}

export function manualPubsub(): ManualPubsub {
  const clock = manualClock();
  const engine = new PubsubEngine({
    clock,
    defer: (task) => task(),
    formatTime: (engineMs) => new Date(engineMs).toISOString(),
  });
  const topic = (name: string, settings: Partial<TopicResource> = {}): void => {
    engine.topics.create({ ...BLANK_TOPIC, name, ...settings });
  };
  topic(TOPIC);
  return {
    engine,
    clock,
    topic,
    subscription: (id, settings = {}) =>
      engine.subscriptions.create({
        ...BLANK_SUBSCRIPTION,
        name: `projects/p/subscriptions/${id}`,
        ...settings,
      }),
    publish: (orderingKey, ...bodies) =>
      engine.publish(
        TOPIC,
        bodies.map((body) => ({ data: Buffer.from(body), attributes: {}, orderingKey })),
      ),
  };
}

/** A consumer with everything that it received. */
export interface TestConsumer {
  readonly consumer: Consumer;
  readonly got: Delivery[];
}

export function consume(subscription: Subscription, options: Partial<ConsumerOptions> = {}): TestConsumer {
  const got: Delivery[] = [];
  const consumer = subscription.consume(
    {
      maxMessages: 0,
      maxBytes: 0,
      ackDeadlineMs: 10_000,
      deliver: (batch) => got.push(...batch),
      ...options,
    },
    () => undefined,
  );
  return { consumer, got };
}

export function take(subscription: Subscription, maxMessages = 100): readonly Delivery[] {
  return subscription.take({ maxMessages, maxBytes: 0, ackDeadlineMs: 10_000, deliver: () => undefined });
}

export function textsOf(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map(({ message }) => Buffer.from(message.data).toString());
}

export const BLANK_TOPIC: TopicResource = {
  name: "",
  labels: {},
  messageRetentionDuration: null,
  schemaSettings: null,
  state: "STATE_UNSPECIFIED",
  ingestionDataSourceSettings: null,
  messageTransforms: [],
};

export const BLANK_SUBSCRIPTION: SubscriptionResource = {
  name: "",
  topic: TOPIC,
  pushConfig: null,
  bigqueryConfig: null,
  cloudStorageConfig: null,
  bigtableConfig: null,
  ackDeadlineSeconds: 0,
  retainAckedMessages: false,
  messageRetentionDuration: null,
  labels: {},
  enableMessageOrdering: false,
  expirationPolicy: null,
  filter: "",
  deadLetterPolicy: null,
  retryPolicy: null,
  detached: false,
  enableExactlyOnceDelivery: false,
  topicMessageRetentionDuration: null,
  state: "STATE_UNSPECIFIED",
  messageTransforms: [],
};
