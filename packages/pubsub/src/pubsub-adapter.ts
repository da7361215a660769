import { queueError } from "@anyqueue/core/adapter";
import type {
  AdminDriver,
  ConsumerDriver,
  ConsumerDriverOptions,
  EntityRef,
  ErrorClass,
  Operation,
  ProbeResult,
  ProducerDriver,
  QueueAdapter,
  SendPurpose,
  Target,
} from "@anyqueue/core/adapter";
import type { Provisioning } from "./provisioning.ts";
import { PubsubClients, type ClientSettings } from "./pubsub-client.ts";
import { PubsubConsumer } from "./pubsub-consumer.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import { ORDERED_CAPABILITIES, ORDERED_LIMITS, PUBSUB_CAPABILITIES, PUBSUB_LIMITS } from "./pubsub-limits.ts";
import { PubsubProducer } from "./pubsub-producer.ts";
import { PubsubSubscription } from "./pubsub-subscription.ts";
import { entityOf, parseEntity, type PubsubEntity, type ResourceName } from "./pubsub-url.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { subscriptionFacts, UNREADABLE } from "./subscription-facts.ts";

export interface PubsubSettings extends ClientSettings {
  readonly provisioning: Provisioning;
  /** Prefix of names that are made from definitions. */
  readonly prefix: string;
}

/** One connection to a project's topics and subscriptions. */
export class PubsubAdapter implements QueueAdapter<PubsubHandle> {
  readonly name = "pubsub";
  readonly classify: (error: unknown, during: Operation) => ErrorClass;
  readonly #settings: PubsubSettings;
  readonly #clients: PubsubClients;
  readonly #subscriptions = new Map<string, PubsubSubscription>();

  constructor(settings: PubsubSettings) {
    this.#settings = settings;
    this.#clients = new PubsubClients(settings);
    const { endpoint } = settings;
    const server = endpoint && `${endpoint.host}:${endpoint.port}`;
    this.classify = (error, during) => classifyPubsubError(error, during, server);
  }

  resolve(ref: EntityRef): Target {
    const entity = entityOf(ref);
    parseEntity(entity, ref);
    const isOrdered = ref.features.includes("ordering");
    return Object.freeze({
      name: `pubsub://${this.#settings.project ?? ""}/${entity}`,
      entity,
      ref,
      capabilities: isOrdered ? ORDERED_CAPABILITIES : PUBSUB_CAPABILITIES,
      limits: isOrdered ? ORDERED_LIMITS : PUBSUB_LIMITS,
    });
  }

  async probe(target: Target, signal: AbortSignal): Promise<ProbeResult> {
    const { subscription } = parseEntity(target.entity, target.ref);
    if (subscription === undefined) return { facts: { unknown: [] } };
    try {
      const settings = await this.subscription(subscription).settings(signal);
      return subscriptionFacts(settings, await this.#clients.isEmulated());
    } catch (error) {
      if (classifyPubsubError(error, "probe").code !== "ACCESS_DENIED") throw error;
      return { facts: UNREADABLE };
    }
  }

  openProducer(target: Target, purpose?: SendPurpose): ProducerDriver {
    const { topic } = entityWith(target, "topic");
    const isForOne = purpose === "redrive" || target.ref.kind === "subscription";
    return new PubsubProducer(this.#clients, topic, target, isForOne);
  }

  openConsumer(target: Target, options: ConsumerDriverOptions<PubsubHandle>): ConsumerDriver<PubsubHandle> {
    const subscription = this.subscription(entityWith(target, "subscription").subscription);
    return new PubsubConsumer(this.#clients, subscription, options, this.#settings.clock);
  }

  async admin(): Promise<AdminDriver> {
    const { PubsubAdmin } = await import("./admin.ts");
    return new PubsubAdmin(this.#clients, (name) => this.subscription(name), this.#settings);
  }

  async close(): Promise<void> {
    await this.#clients.close();
  }

  /** Returns the one object of a subscription, so that all its drivers share what is known of it. */
  subscription(resource: ResourceName): PubsubSubscription {
    const key = `${resource.project ?? ""}/${resource.id}`;
    let known = this.#subscriptions.get(key);
    if (known === undefined) {
      known = new PubsubSubscription(this.#clients, resource);
      this.#subscriptions.set(key, known);
    }
    return known;
  }
}

type Half = "topic" | "subscription";

/** @throws UNSUPPORTED if the entity lacks that half */
function entityWith<H extends Half>(
  target: Target,
  half: H,
): PubsubEntity & { readonly [Key in H]: ResourceName } {
  const entity = parseEntity(target.entity, target.ref);
  if (hasHalf(entity, half)) return entity;
  const what = half === "topic" ? "a subscription is only read" : "a topic is only written";
  const remedy =
    half === "topic" ? "Send to its topic." : "Define a subscription of the topic and consume that.";
  throw queueError("UNSUPPORTED", { what, remedy, target: target.name }, { feature: half, remedy });
}

function hasHalf<H extends Half>(
  entity: PubsubEntity,
  half: H,
): entity is PubsubEntity & { readonly [Key in H]: ResourceName } {
  return entity[half] !== undefined;
}
