import { createClient, type ClientOptions, type QueueClient } from "@anyqueue/core";
import { memory, type MemoryOptions, type MemoryProvider } from "./memory-provider.ts";

/** Options of {@link createMemoryClient}: those of the provider, and of the client. */
export interface MemoryClientOptions extends MemoryOptions {
  /** Options of the client: logger, listener, middleware, send policy. @default those of `createClient` */
  readonly client?: Omit<ClientOptions, "clock"> | undefined;
}

/**
 * Makes a client with a {@link memory} provider of its own: nobody else sees its messages.
 *
 * @example
 * const client = createMemoryClient();
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function createMemoryClient(options: MemoryClientOptions = {}): QueueClient<MemoryProvider> {
  const { client = {}, ...own } = options;
  return createClient("memory:", [memory(own)], client);
}
