import type { EngineClock } from "../../../time/engine-clock.ts";
import { alreadyExists, notFound } from "../pubsub-error.ts";
import { applyUpdateMask, type MaskRules } from "./apply-update-mask.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { Defer } from "./delivery-pump.ts";
import type { MessageContent } from "./published-message.ts";
import { checkResourceName, DELETED_TOPIC, idOf, projectOf } from "./resource-name.ts";
import type { SubscriptionResource } from "./resources.ts";
import { Subscription } from "./subscription.ts";
import { resolveSubscription } from "./subscription-settings.ts";
import type { TopicRegistry } from "./topic-registry.ts";

export interface SubscriptionRegistryParts {
  readonly clock: EngineClock;
  readonly defer: Defer;
  readonly topics: TopicRegistry;
  /** Formats a moment of engine time for an attribute. */
  readonly formatTime: (engineMs: number) => string;
  readonly publish: (topic: string, content: MessageContent) => void;
  /** Called for every subscription that was created, deleted or changed. */
  readonly onChanged: (subscription: Subscription) => void;
}

const MASK: MaskRules = {
  request: "UpdateSubscriptionRequest",
  resource: "Subscription",
  mutable: [
    "push_config",
    "bigquery_config",
    "cloud_storage_config",
    "bigtable_config",
    "ack_deadline_seconds",
    "retain_acked_messages",
    "message_retention_duration",
    "labels",
    "expiration_policy",
    "dead_letter_policy",
    "retry_policy",
    "enable_exactly_once_delivery",
    "message_transforms",
  ],
  immutable: [
    "name",
    "topic",
    "enable_message_ordering",
    "filter",
    "detached",
    "state",
    "topic_message_retention_duration",
    "tags",
  ],
};

/** The subscriptions of every project. */
export class SubscriptionRegistry {
  readonly #parts: SubscriptionRegistryParts;
  readonly #subscriptions = new Map<string, Subscription>();
  #serial = 0;

  constructor(parts: SubscriptionRegistryParts) {
    this.#parts = parts;
  }

  all(): readonly Subscription[] {
    return [...this.#subscriptions.values()];
  }

  of(topic: string): readonly Subscription[] {
    return this.all().filter(({ resource }) => resource.topic === topic && !resource.detached);
  }

  get(name: string): Subscription {
    checkResourceName(name, "subscriptions");
    const subscription = this.#subscriptions.get(name);
    if (subscription === undefined) throw notFound(name);
    return subscription;
  }

  create(given: SubscriptionResource): Subscription {
    checkResourceName(given.name, "subscriptions");
    const topic = this.#parts.topics.get(given.topic);
    const resource = this.#resolve({ ...given, detached: false });
    if (this.#subscriptions.has(given.name)) throw alreadyExists(given.name);
    this.#serial += 1;
    const subscription = new Subscription(resource, {
      ...this.#parts,
      serial: this.#serial,
      sendToDeadLetters: (from, entry) => this.#sendToDeadLetters(from, entry),
      onIdle: (idle) => {
        this.delete(idle.name);
      },
    });
    this.#subscriptions.set(given.name, subscription);
    topic.listen(subscription);
    this.#parts.onChanged(subscription);
    return subscription;
  }

  update(given: SubscriptionResource, paths: readonly string[]): Subscription {
    const subscription = this.get(given.name);
    const updated = applyUpdateMask(subscription.resource, given, paths, MASK);
    this.replace(subscription, updated);
    return subscription;
  }

  /** Checks and applies complete settings. */
  replace(subscription: Subscription, resource: SubscriptionResource): void {
    subscription.update(this.#resolve(resource));
    subscription.touch();
    this.#parts.onChanged(subscription);
  }

  delete(name: string): void {
    const subscription = this.get(name);
    this.#subscriptions.delete(name);
    this.#parts.topics.find(subscription.resource.topic)?.unlisten(subscription);
    subscription.delete();
    this.#parts.onChanged(subscription);
  }

  detach(name: string): void {
    const subscription = this.get(name);
    this.#parts.topics.find(subscription.resource.topic)?.unlisten(subscription);
    subscription.detach();
    this.#parts.onChanged(subscription);
  }

  /** The topic was deleted. Messages in its subscriptions stay available. */
  orphan(topic: string): void {
    for (const subscription of this.all()) {
      if (subscription.resource.topic !== topic) continue;
      subscription.update({ ...subscription.resource, topic: DELETED_TOPIC });
    }
  }

  isAlive(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.name) === subscription;
  }

  clear(): void {
    for (const { name } of this.all()) this.delete(name);
  }

  #resolve(given: SubscriptionResource): SubscriptionResource {
    const resource = resolveSubscription(given);
    const deadLetterTopic = resource.deadLetterPolicy?.deadLetterTopic;
    if (deadLetterTopic !== undefined) this.#parts.topics.get(deadLetterTopic);
    return resource;
  }

  /** Best effort, as in the service: while the topic is missing, the message stays and is retried. */
  #sendToDeadLetters(subscription: Subscription, { message, failures }: BacklogEntry): boolean {
    const topic = subscription.resource.deadLetterPolicy?.deadLetterTopic ?? "";
    if (this.#parts.topics.find(topic) === undefined) return false;
    this.#parts.publish(topic, {
      data: message.data,
      orderingKey: message.orderingKey,
      attributes: {
        ...message.attributes,
        CloudPubSubDeadLetterSourceDeliveryCount: String(failures),
        CloudPubSubDeadLetterSourceSubscription: idOf(subscription.name),
        CloudPubSubDeadLetterSourceSubscriptionProject: projectOf(subscription.name),
        CloudPubSubDeadLetterSourceTopicPublishTime: this.#parts.formatTime(message.publishedAtMs),
      },
    });
    return true;
  }
}
