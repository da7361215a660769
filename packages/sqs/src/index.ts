import { createClient, type QueueClient, type QueueConfig } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { sqs, type SqsModes, type SqsOptions } from "./sqs-provider.ts";

export { sqs, type SqsModes, type SqsOptions } from "./sqs-provider.ts";
export { sqsCalls, type SqsCallsOptions } from "./sqs-calls.ts";
export type { SqsCalls } from "./lambda-wire.ts";
export type { SqsClientOptions } from "./sqs-client.ts";

/** Options of {@link createSqsClient}: how to reach SQS, and `prefix` and `queues` of the configuration. */
export interface SqsQueueClientOptions extends SqsOptions, Pick<QueueConfig, "prefix" | "queues"> {}

/**
 * Makes a client whose only provider is Amazon SQS. Short for `createClient` with {@link sqs}; for `logger`,
 * `middleware` and the like use `createClient`.
 *
 * @example
 * const client = createSqsClient({ region: "eu-west-1", prefix: "prod-" });
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createSqsClient(options: SqsQueueClientOptions = {}): QueueClient<Provider<"sqs", SqsModes>> {
  const { prefix, queues, ...connection } = options;
  // The provider knows the region, and refuses an invalid one.
  return createClient({ url: "sqs:", prefix, queues }, [sqs(connection)]);
}
