import type { EventListener, QueueClient, QueueConfig } from "@anyqueue/core";
import { connect, loadConfig } from "@anyqueue/core/auto";
import { isDefinitionName, STAND_IN } from "./definition-name.ts";
import { findQueue, type QueueNaming, type QueuePlace } from "./invoke/queue-place.ts";
import type { Terminal } from "./terminal.ts";

/** What a command was told about its queue. */
export interface QueueAddress {
  /** Undefined: as in the environment and `anyqueue.config.json`. */
  readonly url: string | undefined;
  /** Name of a definition, or one only the provider understands: `orders.fifo`, a queue's URL or an ARN. */
  readonly queue: string;
}

export interface OpenedClient {
  readonly client: QueueClient;
  /** The name with which to define the queue. */
  readonly name: string;
}

export interface OpenedSource {
  readonly client: QueueClient;
  readonly source: QueuePlace["definition"];
}

/** Connects without I/O to the broker. @throws QueueError: bad configuration, or a package to install */
export async function openClient(
  { url, queue }: QueueAddress,
  terminal: Terminal,
  listener: EventListener,
): Promise<OpenedClient> {
  const config: QueueConfig = url === undefined ? await loadConfig() : { url };
  warnOfMemory(config, terminal);
  if (isDefinitionName(queue)) return { client: await connect(config, { listener }), name: queue };
  const queues = { ...config.queues, [STAND_IN]: queue };
  return { client: await connect({ ...config, queues }, { listener }), name: STAND_IN };
}

/**
 * Like `openClient`, for a queue or a topic's subscription. What its applications emulate is not known here, and
 * a redrive must take it off. So all that can be is said to be emulated.
 */
export async function openSource(
  naming: QueueNaming,
  terminal: Terminal,
  listener: EventListener,
): Promise<OpenedSource> {
  const { config, definition } = await findQueue({ ...naming, emulate: ["delay", "ttl"] });
  warnOfMemory(config, terminal);
  return { client: await connect(config, { listener }), source: definition };
}

function warnOfMemory({ url }: QueueConfig, terminal: Terminal): void {
  if (!/^memory:/i.test(url)) return;
  terminal.warn("WARNING: memory: lives and ends with this one process; no other process sees its messages.");
}
