import type {
  Backend,
  CreatedQueue,
  ForeignMessage,
  ForeignPeer,
  Harness,
  QueueRequest,
} from "@anyqueue/conformance";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { PubSub, v1, type CreateSubscriptionOptions } from "@google-cloud/pubsub";
import { pubsub } from "../src/index.ts";

export const PROJECT = "conformance";
/** The service's upper bound: there is a policy, but it does not interfere. */
const MAX_DELIVERY_ATTEMPTS = 100;
/** The service's lower bound. */
const MIN_LEASE_MS = 10_000;
/** A missing key file, so that there are no credentials wherever the tests run. */
const NO_KEY_FILE = "/nonexistent/key.json";

export type SubscriptionKind = "plain" | "ordered" | "exactly-once";

/** Subscriptions of one kind on an emulator in a process of its own. */
export function emulatorHarness(kind: SubscriptionKind): Harness {
  return {
    name: `pubsub-${kind}`,
    open: async () => await openBackend(kind),
  };
}

export interface EmulatorBackend extends Backend {
  readonly endpoints: SpawnedEmulator["endpoints"];
}

export async function openBackend(kind: SubscriptionKind): Promise<EmulatorBackend> {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  const backend = await pubsubBackend(emulator.endpoints.pubsub ?? "", kind);
  return {
    ...backend,
    endpoints: emulator.endpoints,
    time: { kind: "remote", advance: async (ms) => (await emulator.control.advance(ms)).calls },
    close: async () => {
      await backend.close();
      await emulator.close();
    },
  };
}

/** Any server that speaks Pub/Sub. The plain SDK makes its entities, not the code under test. */
export async function pubsubBackend(endpoint: string, kind: SubscriptionKind): Promise<Backend> {
  const client = plainClient(endpoint);
  const config = { ...(await client.getClientConfig()) };
  const generated = {
    publisher: new v1.PublisherClient(config),
    subscriber: new v1.SubscriberClient(config),
  };
  const url = `pubsub://${PROJECT}?endpoint=${endpoint}`;
  return {
    url,
    provider: () => pubsub(),
    time: { kind: "real" },
    leaseMs: MIN_LEASE_MS,
    // The service counts in whole seconds.
    toleranceMs: 1_000,
    features: kind === "ordered" ? ["ordering"] : [],
    createQueue: async (request) => await createQueue(client, request, kind),
    foreign: foreignPeer(generated),
    denied: {
      url: `pubsub://${PROJECT}`,
      provider: () => pubsub({ clientOptions: { keyFilename: NO_KEY_FILE } }),
      code: "UNAUTHENTICATED",
    },
    close: async () => {
      await Promise.all([generated.publisher.close(), generated.subscriber.close(), client.close()]);
    },
  };
}

function plainClient(endpoint: string): PubSub {
  return new PubSub({
    projectId: PROJECT,
    apiEndpoint: endpoint,
    emulatorMode: true,
    clientOptions: { universeDomain: "googleapis.com" },
  });
}

async function createQueue(
  client: PubSub,
  request: QueueRequest,
  kind: SubscriptionKind,
): Promise<CreatedQueue> {
  const deadLetterEntity = request.deadLetter ? `${request.name}-dead` : undefined;
  const [topic] = await client.createTopic(request.name);
  const policy = {
    deadLetterTopic: `projects/${PROJECT}/topics/${deadLetterEntity ?? ""}`,
    maxDeliveryAttempts: request.maxDeliveries ?? MAX_DELIVERY_ATTEMPTS,
  };
  if (deadLetterEntity !== undefined) {
    const [deadTopic] = await client.createTopic(deadLetterEntity);
    await deadTopic.createSubscription(deadLetterEntity, settingsOf(request, kind));
  }
  await topic.createSubscription(request.name, {
    ...settingsOf(request, kind),
    ...(deadLetterEntity === undefined ? {} : { deadLetterPolicy: policy }),
  });
  return { entity: request.name, deadLetterEntity };
}

function settingsOf(request: QueueRequest, kind: SubscriptionKind): CreateSubscriptionOptions {
  return {
    ackDeadlineSeconds: Math.ceil(request.leaseMs / 1_000),
    enableMessageOrdering: request.ordered,
    enableExactlyOnceDelivery: kind === "exactly-once",
  };
}

function foreignPeer({
  publisher,
  subscriber,
}: {
  publisher: v1.PublisherClient;
  subscriber: v1.SubscriberClient;
}): ForeignPeer {
  return {
    writesNumbersAsText: true,
    async send(entity, { text, attributes, numbers = {}, orderingKey = "" }) {
      // There is no number type: a foreign producer writes its numbers as texts.
      const texts = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
      const message = {
        data: Buffer.from(text),
        attributes: { ...attributes, ...Object.fromEntries(texts) },
        orderingKey,
      };
      await publisher.publish({ topic: `projects/${PROJECT}/topics/${entity}`, messages: [message] });
    },
    async receive(entity, max) {
      const subscription = `projects/${PROJECT}/subscriptions/${entity}`;
      const [{ receivedMessages }] = await subscriber.pull(
        { subscription, maxMessages: max },
        { timeout: 30_000 },
      );
      const received = receivedMessages ?? [];
      await subscriber.acknowledge({ subscription, ackIds: received.map(({ ackId }) => ackId ?? "") });
      return received.map(({ message }): ForeignMessage => ({
        body: Buffer.from(message?.data ?? ""),
        attributes: message?.attributes ?? {},
      }));
    },
  };
}
