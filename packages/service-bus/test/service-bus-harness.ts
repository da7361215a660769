import type {
  Backend,
  CreatedQueue,
  ForeignMessage,
  ForeignPeer,
  Harness,
  QueueRequest,
} from "@anyqueue/conformance";
import type { Feature } from "@anyqueue/core/adapter";
import { spawnEmulator, usePlainHttp } from "@anyqueue/emulator";
import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { serviceBus } from "../src/index.ts";

export type TargetKind = "queue" | "session" | "subscription";

/** Features of each kind of entity beyond those of a plain queue. */
const FEATURES: Readonly<Record<TargetKind, readonly Feature[]>> = {
  queue: [],
  session: ["ordering", "deduplication"],
  subscription: ["deduplication"],
};
/** The service's own upper bound: the policy exists, and has no effect here. */
const MAX_DELIVERY_COUNT = 2_000;
const MIN_LOCK_MS = 5_000;

/** Queues, session queues or subscriptions on an emulator in a separate process. */
export function emulatorHarness(kind: TargetKind): Harness {
  return {
    name: `service-bus-${kind}`,
    async open() {
      const [emulator, strict] = await Promise.all([
        spawnEmulator({ serviceBusPort: 0 }),
        spawnEmulator({ serviceBusPort: 0, strictTokens: true }),
      ]);
      const endpoint = emulator.endpoints.serviceBus ?? "";
      const backend = serviceBusBackend(endpoint, kind);
      return {
        ...backend,
        time: { kind: "remote", advance: async (ms) => (await emulator.control.advance(ms)).calls },
        denied: {
          // The namespace does not know its key.
          provider: () => serviceBus(),
          url: urlOf(strict.endpoints.serviceBus ?? ""),
          code: "UNAUTHENTICATED",
        },
        close: async () => {
          await backend.close();
          await Promise.all([emulator.close(), strict.close()]);
        },
      };
    },
  };
}

/** For any client of the SDK; emulators accept any key. */
export function connectionString(endpoint: string, key = "any"): string {
  return `Endpoint=sb://${endpoint}/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=${key};UseDevelopmentEmulator=true`;
}

function urlOf(endpoint: string): string {
  return `service-bus://emulator?endpoint=${endpoint}`;
}

/** The plain SDK makes the entities, not the code under test. */
function serviceBusBackend(endpoint: string, kind: TargetKind): Omit<Backend, "time"> {
  const admin = usePlainHttp(new ServiceBusAdministrationClient(connectionString(endpoint)));
  const client = new ServiceBusClient(connectionString(endpoint), {
    retryOptions: { maxRetries: 0, timeoutInMs: 30_000 },
  });
  return {
    url: urlOf(endpoint),
    // An option, because cancelling costs a request for each delayed message.
    provider: () => serviceBus({ cancellable: kind === "queue" }),
    leaseMs: MIN_LOCK_MS,
    toleranceMs: 1_000,
    features: FEATURES[kind],
    createQueue: (request) => createEntity(admin, request, kind),
    foreign: foreignPeer(client, kind),
    close: () => client.close(),
  };
}

async function createEntity(
  admin: ServiceBusAdministrationClient,
  { name, leaseMs, maxDeliveries = MAX_DELIVERY_COUNT, ordered, deduplicated }: QueueRequest,
  kind: TargetKind,
): Promise<CreatedQueue> {
  const entity = {
    lockDuration: `PT${leaseMs / 1_000}S`,
    maxDeliveryCount: maxDeliveries,
    requiresSession: ordered,
  };
  const duplicates = { requiresDuplicateDetection: deduplicated };
  if (kind === "subscription") {
    await admin.createTopic(name, duplicates);
    await admin.createSubscription(name, name, entity);
    return { entity: `${name}/Subscriptions/${name}` };
  }
  await admin.createQueue(name, { ...entity, ...duplicates });
  return { entity: name };
}

function foreignPeer(client: ServiceBusClient, kind: TargetKind): ForeignPeer {
  return {
    async send(entity, { text, attributes, numbers = {}, orderingKey }) {
      const sender = client.createSender(rootOf(entity));
      await sender.sendMessages({
        body: Buffer.from(text),
        applicationProperties: { ...attributes, ...numbers },
        ...(kind === "session" ? { sessionId: orderingKey ?? "foreign" } : {}),
      });
      await sender.close();
    },
    async receive(entity, max) {
      const receiver = await openReceiver(client, entity, kind);
      try {
        const messages = await receiver.receiveMessages(max, { maxWaitTimeInMs: 20_000 });
        return messages.map((message) => foreignMessage(message));
      } finally {
        await receiver.close();
      }
    },
  };
}

async function openReceiver(
  client: ServiceBusClient,
  entity: string,
  kind: TargetKind,
): Promise<ServiceBusReceiver> {
  const options = { receiveMode: "receiveAndDelete", skipParsingBodyAsJson: true } as const;
  const isDeadLetter = entity.endsWith("/$DeadLetterQueue");
  const [root, subscription] = [rootOf(entity), subscriptionOf(entity)];
  if (kind === "session" && !isDeadLetter) return await client.acceptNextSession(root, options);
  const dead = isDeadLetter ? { subQueueType: "deadLetter" as const } : {};
  return subscription === undefined
    ? client.createReceiver(root, { ...options, ...dead })
    : client.createReceiver(root, subscription, { ...options, ...dead });
}

function foreignMessage({ body, applicationProperties = {} }: ServiceBusReceivedMessage): ForeignMessage {
  const attributes = Object.entries(applicationProperties).map(([name, value]) => [name, String(value)]);
  return { body: body as Uint8Array, attributes: Object.fromEntries(attributes) as Record<string, string> };
}

function rootOf(entity: string): string {
  return entity.replace(/\/\$DeadLetterQueue$/, "").split("/Subscriptions/")[0] ?? "";
}

function subscriptionOf(entity: string): string | undefined {
  return entity.replace(/\/\$DeadLetterQueue$/, "").split("/Subscriptions/")[1];
}
