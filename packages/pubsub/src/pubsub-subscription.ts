import type { ItemResult } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { inRequests, type AckItem } from "./ack-requests.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import { LOOKUP_TIMEOUT_MS, PUBSUB_MAX_ACK_IDS, PUBSUB_MAX_CONFIRMED_IDS } from "./pubsub-limits.ts";
import type { ResourceName } from "./pubsub-url.ts";
import type { SubscriptionSettings } from "./subscription-facts.ts";

type Properties = protos.google.pubsub.v1.StreamingPullResponse.ISubscriptionProperties;

/** One subscription of a connection: its name, what is known of it, and how to settle its messages. Shared by its drivers. */
export class PubsubSubscription {
  readonly #clients: PubsubClients;
  readonly #resource: ResourceName;
  #known: SubscriptionSettings | undefined;
  #isOrdered: boolean | undefined;
  #isExactlyOnce: boolean | undefined;

  constructor(clients: PubsubClients, resource: ResourceName) {
    this.#clients = clients;
    this.#resource = resource;
  }

  /** As last read; undefined as long as nobody could. */
  get known(): SubscriptionSettings | undefined {
    return this.#known;
  }

  /** True: after a failure the service hands over what follows on the key again, and nobody need give it back. */
  get keepsOrder(): boolean {
    return this.#isOrdered ?? this.#known?.enableMessageOrdering === true;
  }

  /** True: only what the service confirms is ours, or acknowledged. */
  get isExactlyOnce(): boolean {
    return this.#isExactlyOnce ?? this.#known?.enableExactlyOnceDelivery === true;
  }

  /** A stream says it, also to those who may not read settings. */
  learn({ exactlyOnceDeliveryEnabled, messageOrderingEnabled }: Properties): void {
    if (typeof exactlyOnceDeliveryEnabled === "boolean") this.#isExactlyOnce = exactlyOnceDeliveryEnabled;
    if (typeof messageOrderingEnabled === "boolean") this.#isOrdered = messageOrderingEnabled;
  }

  async path(): Promise<string> {
    return await this.#clients.path("subscriptions", this.#resource);
  }

  async settings(signal: AbortSignal): Promise<SubscriptionSettings> {
    const client = await this.#clients.subscriber();
    const request = { subscription: await this.path() };
    const [settings] = await client.getSubscription(request, callOptions(signal, LOOKUP_TIMEOUT_MS));
    this.#known = settings;
    return settings;
  }

  /** Rejects if it is missing or these credentials are no good. Reading settings is a right that a consumer does not need. */
  async confirm(signal: AbortSignal): Promise<void> {
    try {
      await this.settings(signal);
    } catch (error) {
      if (classifyPubsubError(error, "open").code !== "ACCESS_DENIED") throw error;
    }
  }

  async acknowledge(
    items: readonly Pick<AckItem, "ackId">[],
    signal?: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    const client = await this.#clients.subscriber();
    const subscription = await this.path();
    const acknowledge = async (ackIds: string[]): Promise<void> => {
      await client.acknowledge({ subscription, ackIds }, callOptions(signal));
    };
    return await inRequests(items, acknowledge, this.#maxIds);
  }

  /** 0 seconds: visible again at once. */
  async changeDeadlines(items: readonly AckItem[], signal?: AbortSignal): Promise<readonly ItemResult[]> {
    const client = await this.#clients.subscriber();
    const subscription = await this.path();
    const change = async (ackIds: string[], ackDeadlineSeconds: number): Promise<void> => {
      await client.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds }, callOptions(signal));
    };
    return await inRequests(items, change, this.#maxIds);
  }

  get #maxIds(): number {
    return this.isExactlyOnce ? PUBSUB_MAX_CONFIRMED_IDS : PUBSUB_MAX_ACK_IDS;
  }

  /** After it was deleted or made anew. */
  forget(): void {
    this.#known = undefined;
    this.#isOrdered = undefined;
    this.#isExactlyOnce = undefined;
  }
}
