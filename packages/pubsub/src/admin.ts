import type { AdminDriver, Clock, CreateOptions, EntityCounts, Target } from "@anyqueue/core/adapter";
import { queueError, QueueError } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import type { Provisioning } from "./provisioning.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import { PUBSUB_MAX_LEASE_MS, PUBSUB_MIN_DELIVERIES, PUBSUB_MIN_LEASE_MS } from "./pubsub-limits.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import { parseEntity, type ResourceName } from "./pubsub-url.ts";
import { durationMs, neededGrants, type SubscriptionSettings } from "./subscription-facts.ts";

/** How subscriptions are created, and the clock for "now". */
interface AdminSettings {
  readonly provisioning: Provisioning;
  readonly prefix: string;
  readonly clock: Clock;
}

/** Provisioning and inspection of topics and subscriptions. */
export class PubsubAdmin implements AdminDriver {
  readonly #clients: PubsubClients;
  readonly #subscriptionOf: (resource: ResourceName) => PubsubSubscription;
  readonly #settings: AdminSettings;

  constructor(
    clients: PubsubClients,
    subscriptionOf: (resource: ResourceName) => PubsubSubscription,
    settings: AdminSettings,
  ) {
    this.#clients = clients;
    this.#subscriptionOf = subscriptionOf;
    this.#settings = settings;
  }

  /**
   * Creates the entity. A subscription's topic is created with it only if the two form one queue.
   * @returns the grants that a new dead-letter policy needs: without them the service silently moves nothing
   */
  async create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<readonly string[]> {
    const { topic, subscription } = parseEntity(target.entity, target.ref);
    if (topic !== undefined && target.ref.kind !== "subscription")
      await this.#createTopic(topic, options, signal);
    if (topic === undefined || subscription === undefined) return [];
    const settings = await this.#settingsOf(target, options);
    const client = await this.#clients.subscriber();
    try {
      await client.createSubscription(settings, callOptions(signal));
    } catch (error) {
      if (classifyPubsubError(error, "admin").code !== "ALREADY_EXISTS") throw error;
      refuseOther(settings, await this.#subscriptionOf(subscription).settings(signal), target);
      return [];
    }
    this.#subscriptionOf(subscription).forget();
    const grants = neededGrants(settings);
    if (grants === undefined || (await this.#clients.isEmulated())) return [];
    return [`Grant ${grants}: without both Pub/Sub dead-letters nothing, and says nothing.`];
  }

  /** Only checks that the entity exists: Pub/Sub has counts in Cloud Monitoring alone. */
  async inspect(target: Target, signal: AbortSignal): Promise<EntityCounts> {
    const { topic, subscription } = parseEntity(target.entity, target.ref);
    if (subscription !== undefined) {
      await this.#subscriptionOf(subscription).settings(signal);
    } else if (topic !== undefined) {
      const client = await this.#clients.publisher();
      await client.getTopic({ topic: await this.#clients.path("topics", topic) }, callOptions(signal));
    }
    return { approximate: true };
  }

  /** Lists topics and subscriptions; a queue, which is both, is listed once. */
  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const project = `projects/${await this.#clients.project()}`;
    const [publisher, subscriber] = [await this.#clients.publisher(), await this.#clients.subscriber()];
    const [topics] = await publisher.listTopics({ project }, callOptions(signal));
    const [subscriptions] = await subscriber.listSubscriptions({ project }, callOptions(signal));
    const names = [...topics, ...subscriptions].map(({ name }) => idOf(name ?? ""));
    return [...new Set(names)].filter((name) => name.startsWith(prefix)).toSorted();
  }

  /**
   * Marks everything published before now as acknowledged. "Now" is this machine's time, because the service
   * does not expose its own. If this machine's clock is behind, messages sent within the difference remain.
   *
   * A seek keeps messages published at exactly its moment, which has a resolution of milliseconds here. So it
   * seeks to the next millisecond, and resolves once that has come, also by the clock of a service that is
   * behind this machine: messages sent from then on stay.
   */
  async purge(target: Target, signal: AbortSignal): Promise<void> {
    const { clock } = this.#settings;
    const restMs = 1 + ((await this.#clients.isEmulated()) ? 0 : FAST_BY_MS);
    const startedMs = clock.now();
    await this.seek(target, new Date(Math.floor(clock.wallNow()) + 1), signal);
    const leftMs = startedMs + restMs - clock.now();
    if (leftMs > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, leftMs, true));
  }

  async seek(target: Target, to: Date, signal: AbortSignal): Promise<void> {
    const { subscription } = parseEntity(target.entity, target.ref);
    if (subscription === undefined) {
      const remedy = "Name one of its subscriptions.";
      const init = { what: "a topic holds no messages", remedy, target: target.name, provider: "pubsub" };
      throw queueError("UNSUPPORTED", init, { feature: "seek", remedy });
    }
    const time = secondsAndNanos(Math.floor(to.getTime()));
    const client = await this.#clients.subscriber();
    await client.seek(
      { subscription: await this.#subscriptionOf(subscription).path(), time },
      callOptions(signal),
    );
  }

  /** Deletes a queue's topic and subscription; the topic of a single subscription stays. */
  async delete(target: Target, signal: AbortSignal): Promise<void> {
    const { topic, subscription } = parseEntity(target.entity, target.ref);
    const failures: unknown[] = [];
    let deleted = 0;
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
        deleted += 1;
      } catch (error) {
        failures.push(error);
      }
    };
    if (subscription !== undefined)
      await attempt(async () => await this.#deleteSubscription(subscription, signal));
    if (topic !== undefined && target.ref.kind !== "subscription")
      await attempt(async () => await this.#deleteTopic(topic, signal));
    // A half of the queue that was already missing counts as deleted.
    const left = failures.filter(
      (error) => classifyPubsubError(error, "admin").code !== "NOT_FOUND" || deleted === 0,
    );
    if (left.length > 0) throw left[0];
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  async #createTopic(topic: ResourceName, { tags }: CreateOptions, signal: AbortSignal): Promise<void> {
    const client = await this.#clients.publisher();
    const name = await this.#clients.path("topics", topic);
    try {
      await client.createTopic(
        { name, ...(tags === undefined ? {} : { labels: { ...tags } }) },
        callOptions(signal),
      );
    } catch (error) {
      if (classifyPubsubError(error, "admin").code !== "ALREADY_EXISTS") throw error;
    }
  }

  async #settingsOf(target: Target, options: CreateOptions): Promise<SubscriptionSettings> {
    const { topic, subscription } = parseEntity(target.entity, target.ref);
    const { isExactlyOnce, replayMs, retryPolicy } = this.#settings.provisioning;
    const filter = this.#filterOf(target, subscription);
    return {
      name: await this.#clients.path("subscriptions", subscription ?? NO_NAME),
      topic: await this.#clients.path("topics", topic ?? NO_NAME),
      ackDeadlineSeconds: deadlineSeconds(options.leaseMs),
      enableMessageOrdering: target.ref.features.includes("ordering"),
      enableExactlyOnceDelivery: isExactlyOnce,
      // Without this a subscription that nobody reads for 31 days is deleted, and with it what it holds.
      expirationPolicy: {},
      ...(filter === undefined || target.ref.kind === "dead-letter" ? {} : { filter }),
      ...(options.tags === undefined ? {} : { labels: { ...options.tags } }),
      ...(replayMs === undefined
        ? {}
        : { retainAckedMessages: true, messageRetentionDuration: secondsAndNanos(replayMs) }),
      ...(retryPolicy === undefined
        ? {}
        : {
            retryPolicy: {
              minimumBackoff: secondsAndNanos(retryPolicy.minMs),
              maximumBackoff: secondsAndNanos(retryPolicy.maxMs),
            },
          }),
      ...(await this.#deadLetterPolicy(options)),
    };
  }

  /** Finds a filter by the definition's name (the queue's without prefix) or by the subscription's own. */
  #filterOf({ ref: { name } }: Target, subscription: ResourceName | undefined): string | undefined {
    const { prefix, provisioning } = this.#settings;
    const { filters } = provisioning;
    const plain = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    return filters.get(name) ?? filters.get(plain) ?? filters.get(subscription?.id ?? "");
  }

  async #deadLetterPolicy({
    deadLetter,
    maxDeliveries = PUBSUB_MIN_DELIVERIES,
  }: CreateOptions): Promise<SubscriptionSettings> {
    if (deadLetter === undefined) return {};
    const { topic } = parseEntity(deadLetter.entity, deadLetter.ref);
    const deadLetterTopic = await this.#clients.path("topics", topic ?? NO_NAME);
    return { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: maxDeliveries } };
  }

  async #deleteSubscription(subscription: ResourceName, signal: AbortSignal): Promise<void> {
    const client = await this.#clients.subscriber();
    const known = this.#subscriptionOf(subscription);
    await client.deleteSubscription({ subscription: await known.path() }, callOptions(signal));
    known.forget();
  }

  async #deleteTopic(topic: ResourceName, signal: AbortSignal): Promise<void> {
    const client = await this.#clients.publisher();
    await client.deleteTopic({ topic: await this.#clients.path("topics", topic) }, callOptions(signal));
  }
}

/** A machine that synchronizes its clock now and then is less far ahead than this. */
const FAST_BY_MS = 1_000;
const NO_NAME: ResourceName = { id: "", project: undefined };

/**
 * Compares settings that cannot be changed later, or that consumers rely on.
 * @throws ALREADY_EXISTS naming the settings that differ
 */
function refuseOther(wanted: SubscriptionSettings, found: SubscriptionSettings, target: Target): void {
  const differing = Object.entries(comparable(wanted)).filter(
    ([name, value]) => comparable(found)[name] !== value,
  );
  if (differing.length === 0) return;
  throw new QueueError("ALREADY_EXISTS", {
    what: `the subscription exists with another ${differing.map(([name]) => name).join(", ")}`,
    target: target.name,
    provider: "pubsub",
    operation: "admin",
  });
}

function comparable(settings: SubscriptionSettings): Readonly<Record<string, string | number | boolean>> {
  const { deadLetterPolicy, retryPolicy } = settings;
  return {
    topic: settings.topic ?? "",
    "ack deadline": settings.ackDeadlineSeconds ?? 0,
    ordering: settings.enableMessageOrdering ?? false,
    "exactly-once delivery": settings.enableExactlyOnceDelivery ?? false,
    filter: settings.filter ?? "",
    detachment: settings.detached ?? false,
    "dead-letter topic": deadLetterPolicy?.deadLetterTopic ?? "",
    "maximum of delivery attempts": deadLetterPolicy?.maxDeliveryAttempts ?? 0,
    "minimum backoff": durationMs(retryPolicy?.minimumBackoff) ?? -1,
    "maximum backoff": durationMs(retryPolicy?.maximumBackoff) ?? -1,
    // If retention was not asked for, a subscription that has it does no harm.
    ...(settings.retainAckedMessages
      ? { "retention of acknowledged messages": durationMs(settings.messageRetentionDuration) ?? -1 }
      : {}),
  };
}

function deadlineSeconds(leaseMs = PUBSUB_MIN_LEASE_MS): number {
  return Math.ceil(Math.min(Math.max(leaseMs, PUBSUB_MIN_LEASE_MS), PUBSUB_MAX_LEASE_MS) / 1_000);
}

function secondsAndNanos(ms: number): protos.google.protobuf.IDuration {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
