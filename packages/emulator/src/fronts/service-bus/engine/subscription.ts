import { newSubscriptionSettings, updatedSettings } from "./check-settings.ts";
import type { MessageCounts, SubscriptionEntity } from "./contract.ts";
import { EntityLife } from "./entity-life.ts";
import { checkRuleName } from "./entity-path.ts";
import type { SubscriptionSettings } from "./entity-settings.ts";
import { EngineError } from "./engine-error.ts";
import { MailboxFamily } from "./mailbox-family.ts";
import type { MessageMailbox } from "./mailbox.ts";
import type { Arrival } from "./mailbox-surroundings.ts";
import type { MessageContent } from "./message-content.ts";
import type { EntitySurroundings } from "./queue.ts";
import { entityDeleted } from "./refusals.ts";
import type { RuleDescription, RuleInfo } from "./rule-description.ts";
import { RuleSet } from "./rule-set.ts";

/** The rule of a subscription created without one. */
const DEFAULT_RULE: RuleDescription = { name: "$Default", filter: { kind: "true" }, action: undefined };

/** A subscription: a family of mailboxes that gets copies of a topic's messages. */
export class Subscription implements SubscriptionEntity {
  readonly topicName: string;
  readonly name: string;
  readonly path: string;
  readonly family: MailboxFamily;
  readonly #around: EntitySurroundings;
  readonly #life: EntityLife;
  readonly #rules: RuleSet;
  #settings: SubscriptionSettings;

  constructor(
    address: { readonly topicName: string; readonly name: string },
    given: Partial<SubscriptionSettings>,
    rule: RuleDescription | undefined,
    around: EntitySurroundings,
    onIdle: () => void,
  ) {
    this.topicName = address.topicName;
    this.name = address.name;
    this.path = `${address.topicName}/Subscriptions/${address.name}`;
    this.#around = around;
    this.#settings = newSubscriptionSettings(given);
    this.#rules = new RuleSet(this.path);
    this.#life = new EntityLife(
      around.clock,
      around.namespaceName,
      this.path,
      () => this.family.hasReceivers,
      onIdle,
    );
    this.addRule(rule ?? DEFAULT_RULE);
    this.family = this.#createFamily();
    this.#life.setIdle(this.#settings.autoDeleteOnIdleMs);
  }

  get settings(): SubscriptionSettings {
    return this.#settings;
  }

  get mailbox(): MessageMailbox {
    return this.family.main;
  }

  get counts(): MessageCounts {
    return this.family.counts;
  }

  get sizeBytes(): number {
    return this.family.sizeBytes;
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

  rules(): readonly RuleInfo[] {
    return this.#rules.all();
  }

  addRule(rule: RuleDescription): RuleInfo {
    this.#life.checkExists();
    checkRuleName(rule.name);
    this.#life.touch();
    return this.#rules.add(rule, this.#around.clock.now());
  }

  updateRule(rule: RuleDescription): RuleInfo {
    this.#life.checkExists();
    this.#life.touch();
    return this.#rules.update(rule);
  }

  removeRule(name: string): void {
    this.#life.checkExists();
    this.#life.touch();
    this.#rules.remove(name);
  }

  update(given: Partial<SubscriptionSettings>): void {
    this.#settings = updatedSettings(this.path, this.#settings, given);
    this.#life.updated(this.#settings.autoDeleteOnIdleMs);
    this.family.settingsChanged();
  }

  /**
   * Takes the copies of a message that match the rules. A subscription collects messages whatever its own
   * status is; only the topic's status stops a message.
   */
  offer(arrival: Arrival): void {
    for (const content of this.#copiesOf(arrival)) this.#take({ ...arrival, content });
    this.family.main.keeper.pump();
  }

  discard(): void {
    this.#life.delete();
    this.family.discard(entityDeleted(this.#around.namespaceName, this.path));
  }

  #take(arrival: Arrival): void {
    if (this.#settings.requiresSession && arrival.content.properties.sessionId === undefined)
      this.family.buryArrival(arrival, SESSION_ID_MISSING);
    else this.family.arrive(arrival);
  }

  /** If a filter or an action fails on a message, the message becomes a dead letter or is dropped. */
  #copiesOf(arrival: Arrival): readonly MessageContent[] {
    try {
      return this.#rules.copiesOf(arrival.content);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (this.#settings.deadLetteringOnFilterEvaluationExceptions)
        this.family.buryArrival(arrival, { reason: "FilterEvaluationException", description: error.message });
      return [];
    }
  }

  #createFamily(): MailboxFamily {
    return new MailboxFamily(this.path, {
      clock: this.#around.clock,
      settings: () => this.#settings,
      touch: () => {
        this.#life.touch();
      },
      checkExists: () => {
        this.#life.checkExists();
      },
      forward: (toPath, arrival) => {
        this.#around.forward(this.path, toPath, arrival);
      },
    });
  }
}

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues (2026-11-29)
const SESSION_ID_MISSING = {
  reason: "Session ID is null.",
  description: "Session enabled entity doesn't allow a message whose session identifier is null.",
};
