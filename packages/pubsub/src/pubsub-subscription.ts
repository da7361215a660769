import { HandBacks, type ItemResult } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { inRequests, type AckItem } from "./ack-requests.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import {
  LOOKUP_TIMEOUT_MS,
  OUTER_TIMEOUT_MS,
  PUBSUB_MAX_ACK_IDS,
  PUBSUB_MAX_CONFIRMED_IDS,
  REQUEST_TIMEOUT_MS,
} from "./pubsub-limits.ts";
import type { ResourceName } from "./pubsub-url.ts";
import type { SubscriptionSettings } from "./subscription-facts.ts";

type Properties = protos.google.pubsub.v1.StreamingPullResponse.ISubscriptionProperties;

/** One subscription of a connection, shared by its drivers: its name, its known settings, how to settle. */
export class PubsubSubscription {
  /** What its consumers gave back unstarted, also to each other and to those that come after them. */
  readonly handBacks = new HandBacks();
  readonly #clients: PubsubClients;
  readonly #resource: ResourceName;
  #known: SubscriptionSettings | undefined;
  #isOrdered: boolean | undefined;
  #isExactlyOnce: boolean | undefined;

  constructor(clients: PubsubClients, resource: ResourceName) {
    this.#clients = clients;
    this.#resource = resource;
  }

  /** The settings as last read; undefined until a read succeeds. */
  get known(): SubscriptionSettings | undefined {
    return this.#known;
  }

  /** True: after a failure the service redelivers later messages of the key; nobody need give them back. */
  get keepsOrder(): boolean {
    return this.#isOrdered ?? this.#known?.enableMessageOrdering === true;
  }

  /** True: a lease or an ack counts only once the service has confirmed it. */
  get isExactlyOnce(): boolean {
    return this.#isExactlyOnce ?? this.#known?.enableExactlyOnceDelivery === true;
  }

  /** Takes what a stream reports, even to those who may not read settings. */
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

  /**
   * Rejects if the subscription is missing or the credentials are invalid. A consumer may lack the permission
   * to read settings: such a denial is ignored.
   */
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
      await client.acknowledge({ subscription, ackIds }, settleOptions(signal));
    };
    return await inRequests(items, acknowledge, this.#maxIds);
  }

  /** Sets ack deadlines. 0 seconds: visible again at once. */
  async changeDeadlines(items: readonly AckItem[], signal?: AbortSignal): Promise<readonly ItemResult[]> {
    const client = await this.#clients.subscriber();
    const subscription = await this.path();
    const change = async (ackIds: string[], ackDeadlineSeconds: number): Promise<void> => {
      await client.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds }, settleOptions(signal));
    };
    return await inRequests(items, change, this.#maxIds);
  }

  get #maxIds(): number {
    return this.isExactlyOnce ? PUBSUB_MAX_CONFIRMED_IDS : PUBSUB_MAX_ACK_IDS;
  }

  /** Forgets what is known, because the subscription was deleted or created anew. */
  forget(): void {
    this.#known = undefined;
    this.#isOrdered = undefined;
    this.#isExactlyOnce = undefined;
  }
}

/** With a signal, the core limits the request. */
function settleOptions(signal: AbortSignal | undefined): ReturnType<typeof callOptions> {
  return callOptions(signal, signal === undefined ? REQUEST_TIMEOUT_MS : OUTER_TIMEOUT_MS);
}
