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

/** What a subscription needs of the rest of the engine. */
export interface SubscriptionSurroundings {
  readonly clock: EngineClock;
  readonly defer: Defer;
  /** Tells apart subscriptions that had the same name one after the other. */
  readonly serial: number;
  /** Publishes to the dead-letter topic; false where that is gone. */
  readonly sendToDeadLetters: (subscription: Subscription, entry: BacklogEntry) => boolean;
  /** Nobody has used the subscription for as long as its expiration policy allows. */
  readonly onIdle: (subscription: Subscription) => void;
}

/** What came of each ack id of a request. */
export interface AckOutcome {
  readonly done: readonly string[];
  /** Expired, settled before, or of another subscription. */
  readonly invalid: readonly string[];
}

/** One subscription: its settings, its backlog and those who consume it. */
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

  /** The new settings hold at once; the caller has checked them. */
  update(resource: SubscriptionResource): void {
    const before = this.#resource;
    this.#resource = resource;
    this.#idle.setTtl(expirationTtlMs(resource));
    if (retentionMs(before) !== retentionMs(resource)) this.#retention.setRetention(retentionMs(resource));
    if (!resource.retainAckedMessages) this.#retention.forgetAcknowledged();
  }

  /** A message of the topic. */
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

  /** What a consumer like this could have now. */
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

  /** Starts to deliver. `ended` is told why when the subscription ends it from its side. */
  consume(options: ConsumerOptions, ended: (error: PubsubError) => void): Consumer {
    const consumer = new Consumer(options);
    this.#endings.set(consumer, ended);
    this.#idle.touch();
    this.#pump.add(consumer);
    return consumer;
  }

  /** Delivers no more to this consumer. What it holds stays leased until the deadline. */
  leave(consumer: Consumer): void {
    this.#endings.delete(consumer);
    this.#pump.remove(consumer);
    this.#idle.touch();
  }

  /** Someone has room again. */
  wake(): void {
    this.#pump.wake();
  }

  acknowledge(ackIds: readonly string[]): AckOutcome {
    return this.#settle(ackIds, (entry) => {
      this.#finish(entry);
    });
  }

  /** 0 gives the messages back at once. */
  modifyAckDeadline(ackIds: readonly string[], deadlineMs: number): AckOutcome {
    return this.#settle(ackIds, (entry) => {
      if (deadlineMs === 0) this.#fail(entry);
      else this.#backlog.extend(entry, deadlineMs);
    });
  }

  /** The leases behind these ids run out now. */
  expire(ackIds: readonly string[]): void {
    this.#settle(ackIds, (entry) => {
      this.#fail(entry);
    });
  }

  /** Offers messages again that are out, as if nobody had them. That is no failure of theirs. */
  giveBack(ackIds: readonly string[]): void {
    this.#settle(ackIds, (entry) => {
      this.#backlog.retry(entry, 0);
    });
  }

  /** Messages that were acknowledged and can be had again. */
  acknowledged(): readonly PublishedMessage[] {
    return this.#retention.acknowledged();
  }

  /** Makes exactly these the backlog, in order of publication. Leases of messages that stay go on. */
  replaceBacklog(messages: readonly PublishedMessage[]): void {
    const wanted = new Set(messages.map(({ number }) => number));
    for (const entry of this.#backlog.all()) if (!wanted.has(entry.message.number)) this.#finish(entry);
    const done = this.#retention.acknowledged().filter(({ number }) => !wanted.has(number));
    this.#retention.forgetAcknowledged();
    for (const message of done) this.#retention.keepAcknowledged(message);
    this.#backlog.restore(messages.toSorted((left, right) => left.number - right.number));
    this.#retention.arm();
  }

  /** Cut off from its topic for good: the backlog is lost and consumers are sent away. */
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

  /** Ends every consumer, as when the subscription is pushed from now on. */
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

  /** A nack or an expiry: again later, or to the dead letters. */
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
