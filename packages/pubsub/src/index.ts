import { createClient, type QueueClient, type QueueConfig } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { pubsub, type PubsubModes, type PubsubOptions } from "./pubsub-provider.ts";

export { pubsub, type PubsubModes, type PubsubOptions } from "./pubsub-provider.ts";
export { pubsubCalls, type PubsubCallsOptions } from "./pubsub-calls.ts";
export type { PubsubCalls } from "./push-options.ts";
export type { PubsubClientOptions } from "./pubsub-client.ts";
export type { ProvisioningOptions } from "./provisioning.ts";

/** Options of {@link createPubsubClient}: the connection, and how names are made. */
export interface PubsubQueueClientOptions extends PubsubOptions, Pick<QueueConfig, "prefix" | "queues"> {}

/**
 * A client whose only provider is Google Cloud Pub/Sub.
 *
 * @example
 * const client = createPubsubClient({ project: "my-project", prefix: "prod-" });
 * await client.producer(orders).send({ orderId: "o-1" });
 */
export function createPubsubClient(
  options: PubsubQueueClientOptions = {},
): QueueClient<Provider<"pubsub", PubsubModes>> {
  const { prefix, queues, ...connection } = options;
  // The provider knows the project, and refuses one that is none.
  return createClient({ url: "pubsub:", prefix, queues }, [pubsub(connection)]);
}
