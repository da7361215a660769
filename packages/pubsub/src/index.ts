import { createClient, type QueueClient, type QueueConfig } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { pubsub, type PubsubModes, type PubsubOptions } from "./pubsub-provider.ts";

export { pubsub, type PubsubModes, type PubsubOptions } from "./pubsub-provider.ts";
export { pubsubCalls, type PubsubCallsOptions } from "./pubsub-calls.ts";
export type { PubsubCalls } from "./push-options.ts";
export type { PubsubClientOptions } from "./pubsub-client.ts";
export type { ProvisioningOptions } from "./provisioning.ts";

/** Options of {@link createPubsubClient}: how to reach Pub/Sub, plus `prefix` and `queues`. */
export interface PubsubQueueClientOptions extends PubsubOptions, Pick<QueueConfig, "prefix" | "queues"> {}

/**
 * Makes a client whose only provider is Google Cloud Pub/Sub: short for `createClient` with {@link pubsub}.
 * For `logger`, `middleware` and the like use `createClient`.
 *
 * @example
 * const client = createPubsubClient({ project: "my-project", prefix: "prod-" });
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createPubsubClient(
  options: PubsubQueueClientOptions = {},
): QueueClient<Provider<"pubsub", PubsubModes>> {
  const { prefix, queues, ...connection } = options;
  // The provider knows the project, and refuses an invalid one.
  return createClient({ url: "pubsub:", prefix, queues }, [pubsub(connection)]);
}
