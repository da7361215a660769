import type { EngineClock } from "../../../time/engine-clock.ts";
import { invalidArgument } from "../pubsub-error.ts";
import { checkMessages } from "./check-messages.ts";
import type { Defer } from "./delivery-pump.ts";
import { sizeOf, type MessageContent, type PublishedMessage } from "./published-message.ts";
import { DELETED_TOPIC } from "./resource-name.ts";
import { DELETED_SCHEMA, SchemaRegistry } from "./schema/schema-registry.ts";
import { seekToSnapshot, seekToTime } from "./seek.ts";
import { SnapshotRegistry } from "./snapshot-registry.ts";
import type { Subscription } from "./subscription.ts";
import { SubscriptionRegistry } from "./subscription-registry.ts";
import { TopicRegistry } from "./topic-registry.ts";

export interface PubsubEngineOptions {
  readonly clock: EngineClock;
  readonly defer: Defer;
  /** Formats a moment of engine time for an attribute. */
  readonly formatTime: (engineMs: number) => string;
  /** Called for every subscription that was created, deleted or changed. */
  readonly onSubscriptionChanged?: (subscription: Subscription) => void;
}

/** Topics, subscriptions, snapshots and schemas, and how they interact. */
export class PubsubEngine {
  readonly clock: EngineClock;
  readonly topics: TopicRegistry;
  readonly subscriptions: SubscriptionRegistry;
  readonly snapshots: SnapshotRegistry;
  readonly schemas: SchemaRegistry;
  #published = 0;

  constructor({ clock, defer, formatTime, onSubscriptionChanged }: PubsubEngineOptions) {
    this.clock = clock;
    this.schemas = new SchemaRegistry(clock);
    this.topics = new TopicRegistry(clock, ({ schemaSettings }) => {
      if (schemaSettings === null || schemaSettings.schema === DELETED_SCHEMA) return;
      if (schemaSettings.encoding === "ENCODING_UNSPECIFIED") {
        throw invalidArgument("The schema settings' encoding must be JSON or BINARY.");
      }
      this.schemas.get(schemaSettings.schema);
    });
    this.snapshots = new SnapshotRegistry(clock, (name) => this.topics.find(name));
    this.subscriptions = new SubscriptionRegistry({
      clock,
      defer,
      formatTime,
      topics: this.topics,
      publish: (topic, content) => this.#publish(topic, [content]),
      onChanged: (subscription) => onSubscriptionChanged?.(subscription),
    });
  }

  /** Publishes all the messages, or none if one is not allowed. Returns their ids. */
  publish(topicName: string, messages: readonly MessageContent[]): readonly string[] {
    const topic = this.topics.get(topicName);
    checkMessages(messages);
    const { schemaSettings } = topic.resource;
    const labelled = schemaSettings === null ? messages : this.schemas.label(schemaSettings, messages);
    return this.#publish(topicName, labelled);
  }

  deleteTopic(name: string): void {
    this.topics.delete(name);
    this.subscriptions.orphan(name);
    for (const snapshot of this.snapshots.all()) if (snapshot.topic === name) snapshot.topic = DELETED_TOPIC;
  }

  deleteSchema(name: string): void {
    this.schemas.delete(name);
    for (const topic of this.topics.all()) {
      const { schemaSettings } = topic.resource;
      if (schemaSettings?.schema !== name) continue;
      topic.update({ ...topic.resource, schemaSettings: { ...schemaSettings, schema: DELETED_SCHEMA } });
    }
  }

  seekToTime(subscriptionName: string, timeMs: number): void {
    const subscription = this.subscriptions.get(subscriptionName);
    seekToTime(subscription, this.topics.find(subscription.resource.topic), timeMs);
    subscription.touch();
  }

  seekToSnapshot(subscriptionName: string, snapshotName: string): void {
    const subscription = this.subscriptions.get(subscriptionName);
    seekToSnapshot(subscription, this.snapshots.get(snapshotName));
    subscription.touch();
  }

  reset(): void {
    this.snapshots.clear();
    this.subscriptions.clear();
    this.topics.clear();
    this.schemas.clear();
  }

  #publish(topicName: string, messages: readonly MessageContent[]): readonly string[] {
    const publishedAtMs = this.clock.now();
    const published = messages.map((content): PublishedMessage => {
      this.#published += 1;
      const number = this.#published;
      return { ...content, number, id: String(number), publishedAtMs, size: sizeOf(content) };
    });
    this.topics.find(topicName)?.publish(published);
    return published.map(({ id }) => id);
  }
}
