import { newTopicSettings, updatedSettings } from "./check-settings.ts";
import type { MessageCounts, SubscriptionEntity, TopicEntity } from "./contract.ts";
import { EntityLife } from "./entity-life.ts";
import { FOREVER_MS, type SubscriptionSettings, type TopicSettings } from "./entity-settings.ts";
import { Intake } from "./intake.ts";
import { freshArrival, type Arrival, type MailboxPolicy } from "./mailbox-surroundings.ts";
import { MessageKeeper } from "./message-keeper.ts";
import type { EntitySurroundings } from "./queue.ts";
import { entityDeleted, entityExists, entityNotFound } from "./refusals.ts";
import type { RuleDescription } from "./rule-description.ts";
import { Subscription } from "./subscription.ts";

/** Policy for scheduled messages, which nobody can receive. */
const WAITING_POLICY: MailboxPolicy = {
  lockDurationMs: 0,
  maxDeliveryCount: Number.POSITIVE_INFINITY,
  requiresSession: false,
  defaultMessageTimeToLiveMs: FOREVER_MS,
};

/** A topic: an intake in front of any number of subscriptions. It holds only scheduled messages. */
export class Topic implements TopicEntity {
  readonly name: string;
  readonly target: Intake;
  readonly #around: EntitySurroundings;
  readonly #life: EntityLife;
  readonly #waiting: MessageKeeper;
  readonly #subscriptions = new Map<string, Subscription>();
  #settings: TopicSettings;

  constructor(name: string, given: Partial<TopicSettings>, around: EntitySurroundings, onIdle: () => void) {
    this.name = name;
    this.#around = around;
    this.#settings = newTopicSettings(given);
    this.#life = new EntityLife(around.clock, around.namespaceName, name, () => this.#isBusy(), onIdle);
    this.#waiting = this.#createWaitingRoom();
    this.target = this.#createIntake();
    this.#life.setIdle(this.#settings.autoDeleteOnIdleMs);
  }

  get settings(): TopicSettings {
    return this.#settings;
  }

  get counts(): MessageCounts {
    const scheduled = this.#waiting.shelf.size;
    return { active: 0, deadLetter: 0, scheduled, transfer: 0, transferDeadLetter: 0 };
  }

  get sizeBytes(): number {
    let bytes = this.#waiting.shelf.bytes;
    for (const subscription of this.#subscriptions.values()) bytes += subscription.sizeBytes;
    return bytes;
  }

  get createdAtMs(): number {
    return this.#life.createdAtMs;
  }

  get updatedAtMs(): number {
    return this.#life.updatedAtMs;
  }

  get accessedAtMs(): number {
    return this.#life.accessedAtMs;
  }

  subscriptions(): readonly SubscriptionEntity[] {
    return [...this.#subscriptions.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  subscription(name: string): Subscription | undefined {
    return this.#subscriptions.get(name.toLowerCase());
  }

  addSubscription(
    name: string,
    given: Partial<SubscriptionSettings>,
    rule: RuleDescription | undefined,
  ): Subscription {
    const key = name.toLowerCase();
    if (this.#subscriptions.has(key)) throw entityExists(`${this.name}/Subscriptions/${name}`);
    const address = { topicName: this.name, name };
    const subscription = new Subscription(address, given, rule, this.#around, () => {
      this.removeSubscription(name);
    });
    this.#subscriptions.set(key, subscription);
    this.#life.touch();
    return subscription;
  }

  removeSubscription(name: string): void {
    const subscription = this.subscription(name);
    if (subscription === undefined)
      throw entityNotFound(this.#around.namespaceName, `${this.name}/Subscriptions/${name}`);
    this.#subscriptions.delete(name.toLowerCase());
    subscription.discard();
  }

  update(given: Partial<TopicSettings>): void {
    this.#settings = updatedSettings(this.name, this.#settings, given);
    this.#life.updated(this.#settings.autoDeleteOnIdleMs);
    this.target.settingsChanged();
  }

  discard(): void {
    this.#life.delete();
    const error = entityDeleted(this.#around.namespaceName, this.name);
    this.target.end(error);
    this.#waiting.discard(error);
    for (const subscription of this.#subscriptions.values()) subscription.discard();
    this.#subscriptions.clear();
  }

  #isBusy(): boolean {
    if (this.#waiting.shelf.size > 0) return true;
    return [...this.#subscriptions.values()].some(({ family }) => family.hasReceivers);
  }

  #publish(arrival: Arrival): number {
    const sequenceNumber = this.#waiting.issueNumber();
    const copy: Arrival = {
      ...arrival,
      enqueuedSequenceNumber: arrival.enqueuedSequenceNumber ?? sequenceNumber,
      timeToLiveCapMs: this.#settings.defaultMessageTimeToLiveMs,
    };
    for (const subscription of this.#subscriptions.values()) subscription.offer(copy);
    return sequenceNumber;
  }

  #createIntake(): Intake {
    return new Intake(this.name, {
      clock: this.#around.clock,
      requiresSession: false,
      settings: () => this.#settings,
      sizeBytes: () => this.sizeBytes,
      checkExists: () => {
        this.#life.checkExists();
      },
      touch: () => {
        this.#life.touch();
      },
      take: (arrival) => this.#publish(arrival),
      schedule: (arrival, dueMs) => this.#waiting.schedule(arrival, dueMs),
      cancelScheduled: (sequenceNumbers) => {
        this.#waiting.cancelScheduled(sequenceNumbers);
      },
      pump: () => undefined,
    });
  }

  #createWaitingRoom(): MessageKeeper {
    return new MessageKeeper({
      clock: this.#around.clock,
      isSubQueue: true,
      policy: () => WAITING_POLICY,
      checkReceive: () => undefined,
      touch: () => undefined,
      bury: () => undefined,
      expired: () => undefined,
      activated: ({ content, sequenceNumber }) => {
        this.#publish({ ...freshArrival(content), enqueuedSequenceNumber: sequenceNumber });
      },
      isForwarding: () => false,
      passOn: () => undefined,
    });
  }
}
