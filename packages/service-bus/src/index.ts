import { createClient, type QueueClient, type QueueConfig } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { serviceBus, type ServiceBusModes, type ServiceBusOptions } from "./service-bus-provider.ts";

export { serviceBus, type ServiceBusModes, type ServiceBusOptions } from "./service-bus-provider.ts";
export { serviceBusCalls, type ServiceBusCallsOptions } from "./service-bus-calls.ts";
export type { ServiceBusCalls } from "./functions-wire.ts";
export type { ServiceBusClientSettings } from "./client-factory.ts";
export type { SubscriptionRule } from "./subscription-rule.ts";

/** Options of {@link createServiceBusClient}: the connection, and the settings `prefix` and `queues`. */
export interface ServiceBusQueueClientOptions
  extends ServiceBusOptions, Pick<QueueConfig, "prefix" | "queues"> {
  /**
   * The name of the namespace, or its full host name in a sovereign cloud.
   * @default the one of `connectionString` or `client`
   */
  readonly namespace?: string | undefined;
}

/**
 * Makes a client whose only provider is Azure Service Bus: short for `createClient` with {@link serviceBus}.
 * Use `createClient` if you need `logger`, `middleware` and the like.
 *
 * @example
 * const client = createServiceBusClient({ namespace: "my-namespace", prefix: "prod-" });
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createServiceBusClient(
  options: ServiceBusQueueClientOptions = {},
): QueueClient<Provider<"service-bus", ServiceBusModes>> {
  const { prefix, queues, namespace, ...connection } = options;
  const url = namespace === undefined ? "service-bus:" : `service-bus://${namespace}`;
  return createClient({ url, prefix, queues }, [serviceBus(connection)]);
}
