import {
  QueueError,
  type AdminDriver,
  type CreateOptions,
  type EntityCounts,
  type Target,
} from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { durationMs, isoDuration } from "./iso-duration.ts";
import { MessageSweep } from "./message-sweep.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER, unsupported } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { MAX_DELIVERY_COUNT, MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";
import { parseAddress, type Address } from "./service-bus-url.ts";
import { filterOf, hasRules, type SubscriptionRule } from "./subscription-rule.ts";

type Rules = Readonly<Record<string, readonly SubscriptionRule[]>>;

/** The service makes it with a subscription; it lets everything pass. */
const DEFAULT_RULE = "$Default";

/** Settings that are asked for, in the SDK's words. */
interface WantedSettings {
  readonly lockDuration: string;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
}

/** Provisioning and inspection of queues, topics, subscriptions and their rules. */
export class ServiceBusAdmin implements AdminDriver {
  readonly #connection: NamespaceConnection;
  readonly #rules: Rules;
  readonly #sweep: MessageSweep;

  constructor(connection: NamespaceConnection, rules: Rules) {
    this.#connection = connection;
    this.#rules = rules;
    this.#sweep = new MessageSweep(connection);
  }

  /** The service keeps dead letters in a part of the entity: there is nothing to make for them. */
  async create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<void> {
    const address = parseAddress(target.entity);
    if (address.isDeadLetter) return;
    const client = await this.#connection.administration();
    const { root, subscription } = address;
    if (target.ref.kind === "topic") await createTopic(client, root, target, signal);
    else if (subscription === undefined)
      await createQueue(client, root, wantedBy(target, options), target, signal);
    else {
      // A definition of a subscription has its topic made before; any other that is kept in one has not.
      if (target.ref.kind !== "subscription") await createTopic(client, root, target, signal);
      const rules = this.#rulesOf(address);
      await createSubscription(
        client,
        { topic: root, subscription, wanted: wantedBy(target, options), rules },
        signal,
      );
    }
  }

  /** Messages that are locked count as ready: the service does not tell them apart. */
  async inspect(target: Target, signal: AbortSignal): Promise<EntityCounts> {
    const client = await this.#connection.administration();
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    const options = { abortSignal: signal };
    if (target.ref.kind === "topic") {
      const { scheduledMessageCount } = await client.getTopicRuntimeProperties(root, options);
      return { delayed: scheduledMessageCount, approximate: false };
    }
    const counts =
      subscription === undefined
        ? await client.getQueueRuntimeProperties(root, options)
        : await client.getSubscriptionRuntimeProperties(root, subscription, options);
    if (isDeadLetter) return { ready: counts.deadLetterMessageCount, approximate: false };
    const delayed = "scheduledMessageCount" in counts ? counts.scheduledMessageCount : 0;
    return { ready: counts.activeMessageCount, delayed, approximate: true };
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const client = await this.#connection.administration();
    const options = { abortSignal: signal };
    const names: string[] = [];
    for await (const { name } of client.listQueues(options)) if (name.startsWith(prefix)) names.push(name);
    for await (const { name } of client.listTopics(options)) {
      if (!name.startsWith(prefix)) continue;
      names.push(name);
      for await (const { subscriptionName } of client.listSubscriptions(name, options)) {
        names.push(`${name}/Subscriptions/${subscriptionName}`);
      }
    }
    return names;
  }

  async purge(target: Target, signal: AbortSignal): Promise<void> {
    if (target.ref.kind !== "topic") {
      await this.#sweep.purge(parseAddress(target.entity), await this.#hasSessions(target, signal), signal);
      return;
    }
    const client = await this.#connection.administration();
    const { root } = parseAddress(target.entity);
    for await (const each of client.listSubscriptions(root, { abortSignal: signal })) {
      const address = parseAddress(`${root}/Subscriptions/${each.subscriptionName}`);
      await this.#sweep.purge(address, each.requiresSession, signal);
    }
  }

  async delete(target: Target, signal: AbortSignal): Promise<void> {
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    const options = { abortSignal: signal };
    if (isDeadLetter) {
      const remedy = "Delete the entity itself, or purge its dead letters.";
      throw unsupported("delete", `${target.name}: the service keeps dead letters inside the entity`, remedy);
    }
    const client = await this.#connection.administration();
    if (target.ref.kind === "topic") await client.deleteTopic(root, options);
    else if (subscription === undefined) await client.deleteQueue(root, options);
    else await client.deleteSubscription(root, subscription, options);
  }

  /**
   * Message by message, because the service has no move: sent first, then completed. A subscription gets its dead letters
   * back through its topic, and so does every other one: that is refused unless it is alone.
   */
  async *redrive(from: Target, to: Target, signal: AbortSignal): AsyncGenerator<{ readonly moved: number }> {
    const source = parseAddress(from.entity);
    const destination = parseAddress(to.entity);
    if (destination.subscription !== undefined) await this.#refuseFanOut(destination, to, signal);
    const client = await this.#connection.administration();
    const options = { abortSignal: signal };
    const { requiresDuplicateDetection: isDeduplicated } =
      destination.subscription === undefined
        ? await client.getQueue(destination.root, options)
        : await client.getTopic(destination.root, options);
    yield* this.#sweep.move(source, { entity: destination.root, isDeduplicated }, signal);
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  async #hasSessions(target: Target, signal: AbortSignal): Promise<boolean> {
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    if (isDeadLetter) return false;
    const client = await this.#connection.administration();
    const options = { abortSignal: signal };
    const { requiresSession } =
      subscription === undefined
        ? await client.getQueue(root, options)
        : await client.getSubscription(root, subscription, options);
    return requiresSession;
  }

  async #refuseFanOut({ root }: Address, to: Target, signal: AbortSignal): Promise<void> {
    const client = await this.#connection.administration();
    let count = 0;
    for await (const _ of client.listSubscriptions(root, { abortSignal: signal })) count += 1;
    if (count === 1) return;
    throw unsupported(
      "redrive",
      `${to.name}: sent to the topic again, its dead letters would reach all ${count} subscriptions`,
      "Forward the subscription to a queue and consume that, or move them with a filter of your own.",
    );
  }

  #rulesOf({ root, subscription = "" }: Address): readonly SubscriptionRule[] | undefined {
    const name = `${root}/${subscription}`.toLowerCase();
    return Object.entries(this.#rules).find(([key]) => key.toLowerCase() === name)?.[1];
  }
}

function wantedBy({ ref }: Target, { leaseMs, maxDeliveries, deadLetter }: CreateOptions): WantedSettings {
  const lockMs = Math.min(MAX_LOCK_MS, Math.max(MIN_LOCK_MS, leaseMs ?? DEFAULT_LOCK_MS));
  // The service always dead-letters: without a limit asked for, as late as it can.
  const count = deadLetter === undefined ? MAX_DELIVERY_COUNT : (maxDeliveries ?? DEFAULT_DELIVERY_COUNT);
  return {
    lockDuration: isoDuration(lockMs),
    maxDeliveryCount: Math.min(count, MAX_DELIVERY_COUNT),
    requiresSession: ref.features.includes("ordering"),
  };
}

/** The service's own defaults. */
const DEFAULT_LOCK_MS = 60_000;
const DEFAULT_DELIVERY_COUNT = 10;

async function createQueue(
  client: ServiceBusAdministrationClient,
  name: string,
  wanted: WantedSettings,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const requiresDuplicateDetection = target.ref.features.includes("deduplication");
  const options = { abortSignal: signal };
  try {
    await client.createQueue(name, { ...wanted, requiresDuplicateDetection, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const existing = await client.getQueue(name, options);
    const isSame =
      isLike(existing, wanted) && existing.requiresDuplicateDetection === requiresDuplicateDetection;
    if (!isSame) throw error;
  }
}

async function createTopic(
  client: ServiceBusAdministrationClient,
  name: string,
  { ref }: Target,
  signal: AbortSignal,
): Promise<void> {
  const requiresDuplicateDetection = ref.features.includes("deduplication");
  const options = { abortSignal: signal };
  try {
    await client.createTopic(name, { requiresDuplicateDetection, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const existing = await client.getTopic(name, options);
    // A definition of a subscription creates its topic too, and knows nothing of deduplication.
    if (requiresDuplicateDetection && !existing.requiresDuplicateDetection) throw error;
  }
}

interface WantedSubscription {
  readonly topic: string;
  readonly subscription: string;
  readonly wanted: WantedSettings;
  readonly rules: readonly SubscriptionRule[] | undefined;
}

async function createSubscription(
  client: ServiceBusAdministrationClient,
  { topic, subscription, wanted, rules }: WantedSubscription,
  signal: AbortSignal,
): Promise<void> {
  const options = { abortSignal: signal };
  const [first, ...others] = rules ?? [];
  try {
    // With its first rule: one that lets everything pass would do so until it is replaced.
    const defaultRuleOptions = first === undefined ? {} : { defaultRuleOptions: ruleOf(first) };
    await client.createSubscription(topic, subscription, { ...wanted, ...defaultRuleOptions, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const existing = await client.getSubscription(topic, subscription, options);
    if (!isLike(existing, wanted)) throw error;
    await refuseOtherRules(client, { topic, subscription, wanted, rules }, signal, error);
    return;
  }
  for (const rule of others) {
    const { name, filter, action } = ruleOf(rule);
    if (action === undefined) await client.createRule(topic, subscription, name, filter, options);
    else await client.createRule(topic, subscription, name, filter, action, options);
  }
}

async function refuseOtherRules(
  client: ServiceBusAdministrationClient,
  { topic, subscription, rules }: WantedSubscription,
  signal: AbortSignal,
  cause: unknown,
): Promise<void> {
  const existing = [];
  for await (const rule of client.listRules(topic, subscription, { abortSignal: signal }))
    existing.push(rule);
  if (hasRules(existing, rules ?? [{ name: DEFAULT_RULE }])) return;
  throw new QueueError("ALREADY_EXISTS", {
    what: `the subscription ${topic}/${subscription} exists with other rules`,
    provider: PROVIDER,
    operation: "admin",
    cause,
  });
}

interface NamedRule {
  readonly name: string;
  readonly filter: ReturnType<typeof filterOf>;
  readonly action?: { readonly sqlExpression: string };
}

function ruleOf(rule: SubscriptionRule): NamedRule {
  const { name, action } = rule;
  return {
    name,
    filter: filterOf(rule),
    ...(action === undefined ? {} : { action: { sqlExpression: action } }),
  };
}

function isExisting(error: unknown): boolean {
  return classifyServiceBusError(error, "admin").code === "ALREADY_EXISTS";
}

function isLike(existing: WantedSettings, wanted: WantedSettings): boolean {
  return (
    existing.requiresSession === wanted.requiresSession &&
    existing.maxDeliveryCount === wanted.maxDeliveryCount &&
    durationOf(existing) === durationOf(wanted)
  );
}

function durationOf({ lockDuration }: WantedSettings): number | undefined {
  return durationMs(lockDuration);
}
