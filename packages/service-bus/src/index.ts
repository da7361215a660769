import { createClient, type QueueClient, type QueueConfig } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { serviceBus, type ServiceBusModes, type ServiceBusOptions } from "./service-bus-provider.ts";

export { serviceBus, type ServiceBusModes, type ServiceBusOptions } from "./service-bus-provider.ts";
export { serviceBusCalls, type ServiceBusCallsOptions } from "./service-bus-calls.ts";
export type { ServiceBusCalls } from "./functions-wire.ts";
export type { ServiceBusClientSettings } from "./client-factory.ts";
export type { SubscriptionRule } from "./subscription-rule.ts";

/** Options of {@link createServiceBusClient}: the connection, and how names are made. */
export interface ServiceBusQueueClientOptions
  extends ServiceBusOptions, Pick<QueueConfig, "prefix" | "queues"> {
  /** The namespace's name or full host name. @default the one of the connection string or client */
  readonly namespace?: string | undefined;
}

/**
 * A client whose only provider is Azure Service Bus.
 *
 * @example
 * const client = createServiceBusClient({ namespace: "my-namespace", prefix: "prod-" });
 * await client.producer(orders).send({ orderId: "o-1" });
 */
export function createServiceBusClient(
  options: ServiceBusQueueClientOptions = {},
): QueueClient<Provider<"service-bus", ServiceBusModes>> {
  const { prefix, queues, namespace, ...connection } = options;
  const url = namespace === undefined ? "service-bus:" : `service-bus://${namespace}`;
  return createClient({ url, prefix, queues }, [serviceBus(connection)]);
}
