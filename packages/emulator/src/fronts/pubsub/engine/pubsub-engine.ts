import type { EngineClock } from "../../../time/engine-clock.ts";
import { checkMessages } from "./check-messages.ts";
import type { Defer } from "./delivery-pump.ts";
import { sizeOf, type MessageContent, type PublishedMessage } from "./published-message.ts";
import { DELETED_TOPIC } from "./resource-name.ts";
import { seekToSnapshot, seekToTime } from "./seek.ts";
import { SnapshotRegistry } from "./snapshot-registry.ts";
import type { Subscription } from "./subscription.ts";
import { SubscriptionRegistry } from "./subscription-registry.ts";
import { TopicRegistry } from "./topic-registry.ts";

export interface PubsubEngineOptions {
  readonly clock: EngineClock;
  readonly defer: Defer;
  /** The text that stands for a moment of engine time in an attribute. */
  readonly formatTime: (engineMs: number) => string;
  /** Called for every subscription that is new, gone or has other settings. */
  readonly onSubscriptionChanged?: (subscription: Subscription) => void;
}

/** Topics, subscriptions, snapshots and schemas, and what goes on between them. */
export class PubsubEngine {
  readonly clock: EngineClock;
  readonly topics: TopicRegistry;
  readonly subscriptions: SubscriptionRegistry;
  readonly snapshots: SnapshotRegistry;
  #published = 0;

  constructor({ clock, defer, formatTime, onSubscriptionChanged }: PubsubEngineOptions) {
    this.clock = clock;
    this.topics = new TopicRegistry(clock, () => undefined);
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

  /** Takes all the messages or, where one is not allowed, none. Returns their ids. */
  publish(topicName: string, messages: readonly MessageContent[]): readonly string[] {
    this.topics.get(topicName);
    checkMessages(messages);
    return this.#publish(topicName, messages);
  }

  deleteTopic(name: string): void {
    this.topics.delete(name);
    this.subscriptions.orphan(name);
    for (const snapshot of this.snapshots.all()) if (snapshot.topic === name) snapshot.topic = DELETED_TOPIC;
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
