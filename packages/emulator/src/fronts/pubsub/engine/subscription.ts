import type { EngineClock } from "../../../time/engine-clock.ts";
import type { PubsubError } from "../pubsub-error.ts";
import { failedPrecondition, notFound } from "../pubsub-error.ts";
import { AckIds } from "./ack-id.ts";
import { Backlog } from "./backlog.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import { Consumer, type ConsumerOptions, type Delivery } from "./consumer.ts";
import { DeliveryPump, type Defer } from "./delivery-pump.ts";
import { IdleExpiry } from "./idle-expiry.ts";
import { parseFilter, type AttributeFilter } from "./filter/parse-filter.ts";
import type { PublishedMessage } from "./published-message.ts";
import { attemptsAllowed, backoffMs } from "./redelivery.ts";
import type { SubscriptionResource } from "./resources.ts";
import { Retention } from "./retention.ts";
import { expirationTtlMs, retentionMs } from "./subscription-settings.ts";

/** What a subscription needs from the rest of the engine. */
export interface SubscriptionSurroundings {
  readonly clock: EngineClock;
  readonly defer: Defer;
  /** Tells apart successive subscriptions of the same name. */
  readonly serial: number;
  /** Publishes to the dead-letter topic. Returns false if that topic is gone. */
  readonly sendToDeadLetters: (subscription: Subscription, entry: BacklogEntry) => boolean;
  /** Called when the subscription was unused for as long as its expiration policy allows. */
  readonly onIdle: (subscription: Subscription) => void;
}

/** Result for each ack id of a request. */
export interface AckOutcome {
  readonly done: readonly string[];
  /** Ids that expired, were settled before, or belong to another subscription. */
  readonly invalid: readonly string[];
}

/** One subscription: its settings, its backlog and its consumers. */
export class Subscription {
  readonly #surroundings: SubscriptionSurroundings;
  readonly #ackIds: AckIds;
  readonly #filter: AttributeFilter;
  readonly #backlog: Backlog;
  readonly #pump: DeliveryPump;
  readonly #retention: Retention;
  readonly #idle: IdleExpiry;
  readonly #endings = new Map<Consumer, (error: PubsubError) => void>();
  #resource: SubscriptionResource;

  constructor(resource: SubscriptionResource, surroundings: SubscriptionSurroundings) {
    const { clock, defer, serial } = surroundings;
    this.#resource = resource;
    this.#surroundings = surroundings;
    this.#ackIds = new AckIds(resource.name, serial);
    this.#filter = parseFilter(resource.filter);
    this.#backlog = new Backlog(clock, {
      isOrdered: resource.enableMessageOrdering,
      isExactlyOnce: () => this.#resource.enableExactlyOnceDelivery,
      onExpired: (entry) => this.#fail(entry),
      onChange: () => this.#pump.wake(),
    });
    this.#pump = new DeliveryPump(this.#backlog, (entry) => this.#toDelivery(entry), defer);
    this.#retention = new Retention(clock, this.#backlog, retentionMs(resource));
    const isInUse = (): boolean => this.#pump.consumers.length > 0;
    this.#idle = new IdleExpiry(clock, isInUse, () => surroundings.onIdle(this));
    this.#idle.setTtl(expirationTtlMs(resource));
  }

  get resource(): SubscriptionResource {
    return this.#resource;
  }

  get name(): string {
    return this.#resource.name;
  }

  get isPush(): boolean {
    return (this.#resource.pushConfig?.pushEndpoint ?? "") !== "";
  }

  get backlog(): Backlog {
    return this.#backlog;
  }

  get consumers(): readonly Consumer[] {
    return this.#pump.consumers;
  }

  /** Applies new settings at once. The caller has checked them. */
  update(resource: SubscriptionResource): void {
    const before = this.#resource;
    this.#resource = resource;
    this.#idle.setTtl(expirationTtlMs(resource));
    if (retentionMs(before) !== retentionMs(resource)) this.#retention.setRetention(retentionMs(resource));
    if (!resource.retainAckedMessages) this.#retention.forgetAcknowledged();
  }

  /** Adds a message of the topic, if the filter accepts it. */
  offer(message: PublishedMessage): void {
    if (!this.accepts(message)) return;
    this.#backlog.add(message);
    this.#retention.arm();
  }

  accepts(message: PublishedMessage): boolean {
    return !this.#resource.detached && this.#filter(message.attributes);
  }

  touch(): void {
    this.#idle.touch();
  }

  /** Takes what a consumer with these options can have now. */
  take(options: ConsumerOptions): readonly Delivery[] {
    this.#idle.touch();
    const consumer = new Consumer(options);
    const deliveries: Delivery[] = [];
    while (consumer.hasRoom()) {
      const entry = this.#backlog.take(consumer);
      if (entry === undefined) break;
      deliveries.push(this.#toDelivery(entry));
    }
    consumer.isClosed = true;
    return deliveries;
  }

  /** Starts to deliver. Calls `ended` with the reason if the subscription ends the consumer. */
  consume(options: ConsumerOptions, ended: (error: PubsubError) => void): Consumer {
    const consumer = new Consumer(options);
    this.#endings.set(consumer, ended);
    this.#idle.touch();
    this.#pump.add(consumer);
    return consumer;
  }

  /** Stops delivering to this consumer. Its messages stay leased until their deadline. */
  leave(consumer: Consumer): void {
    this.#endings.delete(consumer);
    this.#pump.remove(consumer);
    this.#idle.touch();
  }

  /** Called when a consumer has room again. */
  wake(): void {
    this.#pump.wake();
  }

  acknowledge(ackIds: readonly string[]): AckOutcome {
    return this.#settle(ackIds, (entry) => {
      this.#finish(entry);
    });
  }

  /** Moves the deadlines. A deadline of 0 nacks the messages. */
  modifyAckDeadline(ackIds: readonly string[], deadlineMs: number): AckOutcome {
    return this.#settle(ackIds, (entry) => {
      if (deadlineMs === 0) this.#fail(entry);
      else this.#backlog.extend(entry, deadlineMs);
    });
  }

  /** Makes the leases of these ids run out now. */
  expire(ackIds: readonly string[]): void {
    this.#settle(ackIds, (entry) => {
      this.#fail(entry);
    });
  }

  /** Offers leased messages again, as if nobody held them. This does not count as a failure. */
  giveBack(ackIds: readonly string[]): void {
    this.#settle(ackIds, (entry) => {
      this.#backlog.retry(entry, 0);
    });
  }

  /** These leases, and those of the later messages of their keys: they end with them. */
  leasesEndingWith(ackIds: readonly string[]): readonly string[] {
    return ackIds.flatMap((ackId) => {
      const entry = this.#leasedBy(ackId);
      const followers = entry?.lane?.behind(entry) ?? [];
      return [ackId, ...followers.flatMap((follower) => this.#ackIdOf(follower) ?? [])];
    });
  }

  /** Acknowledged messages that a seek can bring back. */
  acknowledged(): readonly PublishedMessage[] {
    return this.#retention.acknowledged();
  }

  /** Replaces the backlog by these messages, in publication order. Messages that stay keep their leases. */
  replaceBacklog(messages: readonly PublishedMessage[]): void {
    const wanted = new Set(messages.map(({ number }) => number));
    for (const entry of this.#backlog.all()) if (!wanted.has(entry.message.number)) this.#finish(entry);
    const done = this.#retention.acknowledged().filter(({ number }) => !wanted.has(number));
    this.#retention.forgetAcknowledged();
    for (const message of done) this.#retention.keepAcknowledged(message);
    this.#backlog.restore(messages.toSorted((left, right) => left.number - right.number));
    this.#retention.arm();
  }

  /** Cuts the subscription off from its topic for good. Drops the backlog and ends all consumers. */
  detach(): void {
    this.#resource = { ...this.#resource, detached: true };
    this.#retention.forgetAcknowledged();
    this.#backlog.clear();
    this.sendAway(detachedError(this.name));
  }

  delete(): void {
    this.#idle.stop();
    this.#backlog.clear();
    this.#retention.forgetAcknowledged();
    this.#retention.stop();
    this.sendAway(notFound(this.name));
  }

  /** Ends every consumer, for example when the subscription becomes a push subscription. */
  sendAway(error: PubsubError): void {
    for (const [consumer, ended] of this.#endings) {
      this.leave(consumer);
      ended(error);
    }
  }

  #settle(ackIds: readonly string[], settle: (entry: BacklogEntry) => void): AckOutcome {
    this.#idle.touch();
    const done: string[] = [];
    const invalid: string[] = [];
    for (const ackId of ackIds) {
      const entry = this.#leasedBy(ackId);
      if (entry === undefined) invalid.push(ackId);
      else {
        settle(entry);
        done.push(ackId);
      }
    }
    return { done, invalid };
  }

  #leasedBy(ackId: string): BacklogEntry | undefined {
    const reference = this.#ackIds.read(ackId);
    if (reference === undefined) return undefined;
    const entry = this.#backlog.get(reference.messageNumber);
    return entry?.lease?.number === reference.lease ? entry : undefined;
  }

  #finish(entry: BacklogEntry): void {
    this.#backlog.acknowledge(entry);
    if (this.#resource.retainAckedMessages) this.#retention.keepAcknowledged(entry.message);
  }

  /** Handles a nack or an expiry: retries the message later, or makes it a dead letter. */
  #fail(entry: BacklogEntry): void {
    entry.failures += 1;
    const allowed = attemptsAllowed(this.#resource.deadLetterPolicy);
    const isDead = allowed !== undefined && entry.failures >= allowed;
    if (isDead && this.#surroundings.sendToDeadLetters(this, entry)) this.#finishDead(entry);
    else this.#backlog.retry(entry, backoffMs(this.#resource.retryPolicy, entry.failures));
  }

  #finishDead(entry: BacklogEntry): void {
    this.#backlog.discard(entry);
    if (this.#resource.retainAckedMessages) this.#retention.keepAcknowledged(entry.message);
  }

  #ackIdOf({ message, lease }: BacklogEntry): string | undefined {
    return lease === undefined ? undefined : this.#ackIds.make(message.number, lease.number);
  }

  #toDelivery(entry: BacklogEntry): Delivery {
    const isCounted = this.#resource.deadLetterPolicy !== null;
    return {
      ackId: this.#ackIds.make(entry.message.number, entry.lease?.number ?? 0),
      message: entry.message,
      deliveryAttempt: isCounted ? entry.failures + 1 : 0,
    };
  }
}

export function detachedError(name: string): PubsubError {
  return failedPrecondition(`The subscription is detached from its topic (subscription=${name}).`);
}
