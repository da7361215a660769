import {
  acknowledge,
  modifyAckDeadline,
} from "../../../emulator/src/fronts/pubsub/operations/message-operations.ts";
import { refusedAckIds } from "../../src/pubsub-errors.ts";
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
  async listTopicSubscriptions({ topic }: { topic: string }): Promise<unknown> {
    const { service } = this.connection;
    return await service.call(() => [
      service.engine.subscriptions
        .all()
        .flatMap(({ name, resource }) => (resource.topic === topic ? [name] : [])),
    ]);
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
    return await service.call(() => acknowledge({ subscription, ackIds }, contextOf(service)), true);
  }

  async modifyAckDeadline({
    subscription,
    ackIds,
    ackDeadlineSeconds,
  }: SettleRequest & { readonly ackDeadlineSeconds: number }): Promise<unknown> {
    const { service, consumer } = this.connection;
    const { enableMessageOrdering } = service.subscription(subscription).resource;
    const request = { subscription, ackIds, ackDeadlineSeconds };
    const change = async (): Promise<unknown> =>
      await service.call(() => modifyAckDeadline(request, contextOf(service)), true);
    if (ackDeadlineSeconds === LEASE_SECONDS) return await leasing(this.connection, ackIds, change);
    if (enableMessageOrdering) service.ledger.dropped(consumer, ackIds);
    else service.ledger.settling(consumer, ackIds);
    return await change();
  }

  streamingPull(): VirtualStream {
    return new VirtualStream(this.connection.service, this.connection.consumer);
  }
}

async function leasing(
  { service, consumer }: Connection,
  ackIds: readonly string[],
  change: () => Promise<unknown>,
): Promise<unknown> {
  const untilMs = service.clock.now() + LEASE_SECONDS * 1_000;
  try {
    const answer = await change();
    service.ledger.extended(consumer, ackIds, untilMs);
    return answer;
  } catch (error) {
    const refused = refusedAckIds(error);
    if (refused === undefined) service.ledger.unconfirmed(consumer, ackIds);
    else {
      // Those are somebody else's; the others have their lease.
      service.ledger.settling(consumer, [...refused.keys()]);
      service.ledger.extended(consumer, ackIds, untilMs);
    }
    throw error;
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
