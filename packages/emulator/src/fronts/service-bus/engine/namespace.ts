import type { EngineClock } from "../../../time/engine-clock.ts";
import type { Namespace, SendTarget } from "./contract.ts";
import { checkEntityName, checkSubscriptionName, parseEntityPath, type SubQueue } from "./entity-path.ts";
import type { QueueSettings, SubscriptionSettings, TopicSettings } from "./entity-settings.ts";
import type { EngineError } from "./engine-error.ts";
import type { MailboxFamily } from "./mailbox-family.ts";
import type { MessageMailbox } from "./mailbox.ts";
import { Queue, type EntitySurroundings } from "./queue.ts";
import { entityExists, entityNotFound, invalidArgument, nothingToReceive } from "./refusals.ts";
import type { RuleDescription } from "./rule-description.ts";
import type { Subscription } from "./subscription.ts";
import { Topic } from "./topic.ts";

interface NamespaceOptions {
  readonly name: string;
  readonly clock: EngineClock;
}

/** All entities of one namespace. Messages move between entities only through it. */
export class ServiceBusNamespace implements Namespace {
  readonly name: string;
  readonly createdAtMs: number;
  readonly #around: EntitySurroundings;
  /** By lower-case name. Queues and topics share one set of names. */
  readonly #entities = new Map<string, Queue | Topic>();

  constructor({ name, clock }: NamespaceOptions) {
    this.name = name;
    this.createdAtMs = clock.now();
    this.#around = {
      clock,
      namespaceName: name,
      forward: (_fromPath, toPath, arrival) => {
        this.#target(toPath).accept(arrival);
      },
    };
  }

  createQueue(name: string, settings: Partial<QueueSettings> = {}): Queue {
    this.#checkNew(name);
    this.#checkForwarding(name, settings);
    const queue = new Queue(name, settings, this.#around, () => {
      this.deleteEntity(name);
    });
    this.#entities.set(name.toLowerCase(), queue);
    return queue;
  }

  createTopic(name: string, settings: Partial<TopicSettings> = {}): Topic {
    this.#checkNew(name);
    const topic = new Topic(name, settings, this.#around, () => {
      this.deleteEntity(name);
    });
    this.#entities.set(name.toLowerCase(), topic);
    return topic;
  }

  createSubscription(
    topicName: string,
    name: string,
    settings: Partial<SubscriptionSettings> = {},
    rule?: RuleDescription,
  ): Subscription {
    const topic = this.#existing(topicName, this.topic(topicName));
    checkSubscriptionName(name);
    this.#checkForwarding(`${topicName}/Subscriptions/${name}`, settings);
    return topic.addSubscription(name, settings, rule);
  }

  updateQueue(name: string, settings: Partial<QueueSettings>): Queue {
    const queue = this.#existing(name, this.queue(name));
    this.#checkForwarding(name, settings);
    queue.update(settings);
    return queue;
  }

  updateTopic(name: string, settings: Partial<TopicSettings>): Topic {
    const topic = this.#existing(name, this.topic(name));
    topic.update(settings);
    return topic;
  }

  updateSubscription(topicName: string, name: string, settings: Partial<SubscriptionSettings>): Subscription {
    const path = `${topicName}/Subscriptions/${name}`;
    const subscription = this.#existing(path, this.subscription(topicName, name));
    this.#checkForwarding(path, settings);
    subscription.update(settings);
    return subscription;
  }

  deleteEntity(name: string): void {
    const entity = this.#existing(name, this.#entities.get(name.toLowerCase()));
    this.#entities.delete(name.toLowerCase());
    entity.discard();
  }

  deleteSubscription(topicName: string, name: string): void {
    this.#existing(topicName, this.topic(topicName)).removeSubscription(name);
  }

  queues(): readonly Queue[] {
    return this.#sorted().filter((entity) => entity instanceof Queue);
  }

  topics(): readonly Topic[] {
    return this.#sorted().filter((entity) => entity instanceof Topic);
  }

  queue(name: string): Queue | undefined {
    const entity = this.#entities.get(name.toLowerCase());
    return entity instanceof Queue ? entity : undefined;
  }

  topic(name: string): Topic | undefined {
    const entity = this.#entities.get(name.toLowerCase());
    return entity instanceof Topic ? entity : undefined;
  }

  subscription(topicName: string, name: string): Subscription | undefined {
    return this.topic(topicName)?.subscription(name);
  }

  findTarget(path: string): SendTarget {
    return this.#target(path);
  }

  findMailbox(path: string): MessageMailbox {
    const { name, subscription, subQueue } = parseEntityPath(path);
    if (subscription !== undefined) {
      return mailboxOf(this.#existing(path, this.subscription(name, subscription)).family, subQueue);
    }
    const entity = this.#existing(path, this.#entities.get(name.toLowerCase()));
    if (entity instanceof Topic) throw nothingToReceive(entity.name);
    return mailboxOf(entity.family, subQueue);
  }

  findSubscription(path: string): Subscription {
    const { name, subscription, subQueue } = parseEntityPath(path);
    if (subscription === undefined || subQueue !== undefined) throw this.#notFound(path);
    return this.#existing(path, this.subscription(name, subscription));
  }

  /** Deletes every entity and ends its links. */
  reset(): void {
    for (const entity of this.#sorted()) this.deleteEntity(entity.name);
  }

  #target(path: string): Queue["target"] {
    const { name, subscription, subQueue } = parseEntityPath(path);
    if (subscription !== undefined || subQueue !== undefined) throw this.#notFound(path);
    return this.#existing(path, this.#entities.get(name.toLowerCase())).target;
  }

  #checkNew(name: string): void {
    checkEntityName(name);
    const known = this.#entities.get(name.toLowerCase());
    if (known !== undefined) throw entityExists(known.name);
  }

  #checkForwarding(
    fromPath: string,
    settings: Pick<Partial<QueueSettings>, "forwardTo" | "forwardDeadLetteredMessagesTo">,
  ): void {
    for (const to of [settings.forwardTo, settings.forwardDeadLetteredMessagesTo]) {
      if (to === undefined) continue;
      if (to.toLowerCase() === fromPath.toLowerCase())
        throw invalidArgument(`The messaging entity '${fromPath}' cannot forward to itself.`);
      this.#target(to);
    }
  }

  #sorted(): (Queue | Topic)[] {
    return [...this.#entities.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  #existing<Entity>(path: string, entity: Entity | undefined): Entity {
    if (entity === undefined) throw this.#notFound(path);
    return entity;
  }

  #notFound(path: string): EngineError {
    return entityNotFound(this.name, path);
  }
}

function mailboxOf(family: MailboxFamily, subQueue: SubQueue | undefined): MessageMailbox {
  if (subQueue === "deadLetter") return family.deadLetters;
  return subQueue === "transferDeadLetter" ? family.transferDeadLetters : family.main;
}
