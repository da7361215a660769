import { createClient, type ClientOptions, type QueueClient } from "@anyqueue/core";
import { memory, type MemoryOptions, type MemoryProvider } from "./memory-provider.ts";

/** Options of a client on a queue of its own. */
export interface MemoryClientOptions extends MemoryOptions {
  /** Options of the client: logger, listener, middleware, send policy. */
  readonly client?: Omit<ClientOptions, "clock"> | undefined;
}

/**
 * A client on an in-process queue of its own.
 *
 * @example
 * const client = createMemoryClient();
 * await client.producer(orders).send({ orderId: "o-1" });
 */
export function createMemoryClient(options: MemoryClientOptions = {}): QueueClient<MemoryProvider> {
  const { client = {}, ...own } = options;
  return createClient("memory:", [memory(own)], client);
}
