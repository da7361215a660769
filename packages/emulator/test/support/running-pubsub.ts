import * as six from "@google-cloud/pubsub";
import * as five from "@google-cloud/pubsub-5";
import { onTestFinished } from "vitest";
import type { EmulatorOptions } from "../../src/emulator-options.ts";
import { startEmulator, type Emulator } from "../../src/emulator.ts";

type Library = typeof six;

/** A major version of the client. Both have the same surface, so tests are written for the newer one. */
export interface PubsubLibrary {
  readonly version: string;
  readonly library: Library;
}

export const PUBSUB_LIBRARIES: readonly PubsubLibrary[] = [
  { version: "6.3.0", library: six },
  { version: "5.3.0", library: five as unknown as Library },
];

type GeneratedOptions = NonNullable<ConstructorParameters<typeof six.v1.PublisherClient>[0]>;

export const PROJECT = "test-project";

export interface RunningPubsub {
  readonly emulator: Emulator;
  readonly pubsub: six.PubSub;
  readonly publisher: six.v1.PublisherClient;
  readonly subscriber: six.v1.SubscriberClient;
  readonly schemas: six.v1.SchemaServiceClient;
  /** Returns a client with other options for the same emulator. */
  connect(options?: six.ClientConfig): six.PubSub;
  /** Creates a topic `orders` with a subscription `orders-sub`. Returns full names. */
  createPair(
    options?: six.CreateSubscriptionOptions,
  ): Promise<{ readonly topic: string; readonly name: string }>;
  publish(...bodies: readonly string[]): Promise<readonly string[]>;
  publishTo(orderingKey: string, ...bodies: readonly string[]): Promise<void>;
}

/** An emulator with clients of the real SDK. All of them end with the test. */
export async function runPubsub(
  { library }: PubsubLibrary,
  options: EmulatorOptions = {},
): Promise<RunningPubsub> {
  const emulator = await startEmulator({ pubsubPort: 0, ...options });
  onTestFinished(() => emulator.close());
  const apiEndpoint = emulator.endpoints.pubsub ?? "";
  const connect = (more: six.ClientConfig = {}): six.PubSub => {
    const client = new library.PubSub({ projectId: PROJECT, apiEndpoint, emulatorMode: true, ...more });
    onTestFinished(async () => await client.close());
    return client;
  };
  const pubsub = connect();
  // The client passes its own configuration to its own generated classes, whose types are stricter.
  const config = { ...(await pubsub.getClientConfig()) } as GeneratedOptions;
  const publisher = new library.v1.PublisherClient(config);
  const subscriber = new library.v1.SubscriberClient(config);
  const schemas = new library.v1.SchemaServiceClient(config);
  for (const client of [publisher, subscriber, schemas]) onTestFinished(async () => await client.close());
  const topic = topicName("orders");
  return {
    emulator,
    pubsub,
    publisher,
    subscriber,
    schemas,
    connect,
    async createPair(settings = {}) {
      await publisher.createTopic({ name: topic });
      const name = subscriptionName("orders-sub");
      await subscriber.createSubscription({ ...settings, name, topic } as object);
      return { topic, name };
    },
    async publish(...bodies) {
      const messages = bodies.map((body) => ({ data: Buffer.from(body) }));
      const [{ messageIds }] = await publisher.publish({ topic, messages });
      return messageIds ?? [];
    },
    async publishTo(orderingKey, ...bodies) {
      const messages = bodies.map((body) => ({ data: Buffer.from(body), orderingKey }));
      await publisher.publish({ topic, messages });
    },
  };
}

export function topicName(id: string): string {
  return `projects/${PROJECT}/topics/${id}`;
}

export function subscriptionName(id: string): string {
  return `projects/${PROJECT}/subscriptions/${id}`;
}

export function snapshotName(id: string): string {
  return `projects/${PROJECT}/snapshots/${id}`;
}

/** No call may take longer than this, or be retried. */
export const BUDGET: { readonly timeout: number; readonly retry: null } = { timeout: 5000, retry: null };

/** Code and text of the error with which a call fails. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ readonly code: unknown; readonly text: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const details = "details" in error && typeof error.details === "string" ? error.details : error.message;
    return { code: "code" in error ? error.code : undefined, text: details };
  }
  throw new Error("The call succeeded.");
}

export interface Pulled {
  readonly ackId: string;
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly attempt: number;
  readonly key: string;
}

/** Returns what a pull has now. */
export async function pullNow(
  { subscriber }: Pick<RunningPubsub, "subscriber">,
  subscription: string,
  maxMessages = 100,
): Promise<readonly Pulled[]> {
  const [response] = await subscriber.pull({ subscription, maxMessages, returnImmediately: true }, BUDGET);
  return (response.receivedMessages ?? []).map(({ ackId, deliveryAttempt, message }) => ({
    ackId: ackId ?? "",
    id: message?.messageId ?? "",
    body: Buffer.from(message?.data ?? "").toString(),
    attributes: message?.attributes ?? {},
    attempt: deliveryAttempt ?? 0,
    key: message?.orderingKey ?? "",
  }));
}

export function bodiesOf(messages: readonly Pulled[]): readonly string[] {
  return messages.map(({ body }) => body);
}
