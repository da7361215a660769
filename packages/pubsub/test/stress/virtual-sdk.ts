import {
  acknowledge,
  modifyAckDeadline,
} from "../../../emulator/src/fronts/pubsub/operations/message-operations.ts";
import { VirtualStream } from "./virtual-stream.ts";
import type { VirtualService } from "./virtual-service.ts";

/** Leases that the consumers under test ask for. Any other deadline but 0 is a delayed release. */
export const LEASE_SECONDS = 60;

interface Connection {
  readonly service: VirtualService;
  readonly consumer: number;
}

interface Config {
  readonly port?: number;
}

/** Connections by the port that a client connects to. */
export const CONNECTIONS = new Map<number, Connection>();

function connectionOf({ port }: Config): Connection {
  const connection = CONNECTIONS.get(port ?? -1);
  if (connection === undefined) throw new Error(`nobody listens on port ${port ?? "?"}`);
  return connection;
}

class Client {
  readonly connection: Connection;

  constructor(config: Config) {
    this.connection = connectionOf(config);
  }

  async initialize(): Promise<void> {}
  async close(): Promise<void> {}
}

class PublisherClient extends Client {
  async getTopic({ topic }: { topic: string }): Promise<unknown> {
    const { service } = this.connection;
    return await service.call(() => service.engine.topics.get(topic).resource);
  }

  async publish(request: {
    topic: string;
    messages: readonly { data: Uint8Array; attributes: Record<string, string>; orderingKey?: string }[];
  }): Promise<unknown> {
    const { service } = this.connection;
    const messages = request.messages.map(({ orderingKey = "", ...message }) => ({
      ...message,
      orderingKey,
    }));
    return await service.call(() => ({ messageIds: service.engine.publish(request.topic, messages) }));
  }
}

interface SettleRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
}

class SubscriberClient extends Client {
  async getSubscription({ subscription }: { subscription: string }): Promise<unknown> {
    const { service } = this.connection;
    return await service.call(() => service.subscription(subscription).resource);
  }

  async acknowledge({ subscription, ackIds }: SettleRequest): Promise<unknown> {
    const { service, consumer } = this.connection;
    service.ledger.settling(consumer, ackIds);
    return await settling(this.connection, ackIds, () =>
      acknowledge({ subscription, ackIds }, contextOf(service)),
    );
  }

  async modifyAckDeadline({
    subscription,
    ackIds,
    ackDeadlineSeconds,
  }: SettleRequest & { readonly ackDeadlineSeconds: number }): Promise<unknown> {
    const { service, consumer } = this.connection;
    const { enableMessageOrdering } = service.subscription(subscription).resource;
    if (ackDeadlineSeconds === LEASE_SECONDS) {
      service.ledger.extended(consumer, ackIds, service.clock.now() + LEASE_SECONDS * 1_000);
    } else if (enableMessageOrdering) service.ledger.dropped(consumer, ackIds);
    else service.ledger.settling(consumer, ackIds);
    const request = { subscription, ackIds, ackDeadlineSeconds };
    return await settling(this.connection, ackIds, () => modifyAckDeadline(request, contextOf(service)));
  }

  streamingPull(): VirtualStream {
    return new VirtualStream(this.connection.service, this.connection.consumer);
  }
}

async function settling(
  { service, consumer }: Connection,
  ackIds: readonly string[],
  apply: () => unknown,
): Promise<unknown> {
  service.ledger.underWay(consumer, ackIds.length);
  try {
    return await service.call(apply, true);
  } finally {
    service.ledger.underWay(consumer, -ackIds.length);
  }
}

function contextOf(service: VirtualService): Parameters<typeof acknowledge>[1] {
  return { engine: service.engine, ackFault: () => undefined } as unknown as Parameters<
    typeof acknowledge
  >[1];
}

export class PubSub {
  readonly isEmulator: boolean;
  readonly options: Config & { readonly projectId?: string };

  constructor(options: Config & { readonly projectId?: string; readonly emulatorMode?: boolean } = {}) {
    this.options = options;
    this.isEmulator = options.emulatorMode === true;
  }

  async getClientConfig(): Promise<object> {
    return this.options;
  }
}

export const v1: object = { PublisherClient, SubscriberClient };
