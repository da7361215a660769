import { PubSub, v1, type protos } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { openStream, type OpenStream } from "../../../support/open-stream.ts";

type SubscriptionSettings = protos.google.pubsub.v1.ISubscription;
type PubsubMessage = protos.google.pubsub.v1.IPubsubMessage;
type StreamRequest = protos.google.pubsub.v1.IStreamingPullRequest;
type Received = protos.google.pubsub.v1.IReceivedMessage;

const ONE_TRY = { timeout: 10_000, retry: null };
const LOOK_AGAIN_MS = 20;
const LOOK_LIMIT_MS = 8_000;

/** The parts of a received message on which servers can agree. */
export interface Got {
  readonly ackId: string;
  readonly id: string;
  readonly text: string;
  readonly key: string;
  readonly attempt: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Any server, called through the generated client. Each scenario has a project of its own. */
export class DrivenServer {
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;
  readonly schemas: v1.SchemaServiceClient;

  private constructor(
    publisher: v1.PublisherClient,
    subscriber: v1.SubscriberClient,
    schemas: v1.SchemaServiceClient,
  ) {
    this.publisher = publisher;
    this.subscriber = subscriber;
    this.schemas = schemas;
  }

  static async connect(endpoint: string): Promise<DrivenServer> {
    const options = { projectId: "unused", apiEndpoint: endpoint, emulatorMode: true };
    const client = new PubSub({ ...options, clientOptions: { universeDomain: "googleapis.com" } });
    const config = { ...(await client.getClientConfig()) } as ConstructorParameters<
      typeof v1.PublisherClient
    >[0];
    return new DrivenServer(
      new v1.PublisherClient(config),
      new v1.SubscriberClient(config),
      new v1.SchemaServiceClient(config),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.publisher.close(), this.subscriber.close(), this.schemas.close()]);
  }

  /** Returns the same server for one scenario. */
  inProject(project: string): World {
    return new World(this, project);
  }
}

/** What a scenario works with: the names in its project, and calls that are never retried. */
export class World {
  readonly server: DrivenServer;
  readonly project: string;
  readonly options: typeof ONE_TRY = ONE_TRY;

  constructor(server: DrivenServer, project: string) {
    this.server = server;
    this.project = `projects/${project}`;
  }

  topicName(id = "orders"): string {
    return `${this.project}/topics/${id}`;
  }

  subscriptionName(id = "orders"): string {
    return `${this.project}/subscriptions/${id}`;
  }

  snapshotName(id: string): string {
    return `${this.project}/snapshots/${id}`;
  }

  async topic(id = "orders"): Promise<void> {
    await this.server.publisher.createTopic({ name: this.topicName(id) }, ONE_TRY);
  }

  async subscribe(settings: SubscriptionSettings = {}, id = "orders", topic = "orders"): Promise<void> {
    const request = { ...settings, name: this.subscriptionName(id), topic: this.topicName(topic) };
    await this.server.subscriber.createSubscription(request, ONE_TRY);
  }

  /** Creates a topic and its subscription, both called `orders`. */
  async pair(settings: SubscriptionSettings = {}): Promise<void> {
    await this.topic();
    await this.subscribe(settings);
  }

  async publish(...texts: readonly string[]): Promise<readonly string[]> {
    return await this.send(texts.map((text) => ({ data: Buffer.from(text) })));
  }

  async send(messages: readonly PubsubMessage[], topic = "orders"): Promise<readonly string[]> {
    const request = { topic: this.topicName(topic), messages: [...messages] };
    const [{ messageIds }] = await this.server.publisher.publish(request, ONE_TRY);
    return messageIds ?? [];
  }

  /** Pulls once without waiting. */
  async pullNow(max = 100, id = "orders"): Promise<readonly Got[]> {
    const request = { subscription: this.subscriptionName(id), maxMessages: max, returnImmediately: true };
    const [{ receivedMessages }] = await this.server.subscriber.pull(request, ONE_TRY);
    return (receivedMessages ?? []).map(gotOf);
  }

  /** Pulls until it has this many messages, or a while has passed. A server may return them in parts. */
  async pull(count: number, id = "orders"): Promise<readonly Got[]> {
    const all: Got[] = [];
    const giveUpAtMs = performance.now() + LOOK_LIMIT_MS;
    while (all.length < count && performance.now() < giveUpAtMs) {
      all.push(...(await this.pullNow(count - all.length, id)));
      if (all.length < count) await later(LOOK_AGAIN_MS);
    }
    return all;
  }

  async ack(messages: readonly Got[], id = "orders"): Promise<void> {
    const ackIds = messages.map(({ ackId }) => ackId);
    await this.server.subscriber.acknowledge({ subscription: this.subscriptionName(id), ackIds }, ONE_TRY);
  }

  async deadline(messages: readonly Got[], ackDeadlineSeconds: number, id = "orders"): Promise<void> {
    const ackIds = messages.map(({ ackId }) => ackId);
    const request = { subscription: this.subscriptionName(id), ackIds, ackDeadlineSeconds };
    await this.server.subscriber.modifyAckDeadline(request, ONE_TRY);
  }

  stream(first: StreamRequest = {}, id = "orders"): OpenStream {
    return openStream(this.server.subscriber, this.subscriptionName(id), first);
  }
}

/** OK, or the status with which a call ended. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return typeof code === "number" ? (status[code] ?? String(code)) : String(error);
  }
}

/** The reason that an exactly-once refusal gives for each id, in the order of the ids. */
export async function reasonsOf(
  call: Promise<unknown>,
  ids: readonly Got[],
): Promise<readonly (string | undefined)[]> {
  try {
    await call;
    return ids.map(() => undefined);
  } catch (error) {
    const metadata: unknown = error instanceof Error && Reflect.get(error, "errorInfoMetadata");
    return ids.map(({ ackId }) =>
      typeof metadata === "object" && metadata !== null
        ? String(Reflect.get(metadata, ackId))
        : codeNameOf(error),
    );
  }
}

function codeNameOf(error: unknown): string {
  const code: unknown = error instanceof Error && Reflect.get(error, "code");
  return typeof code === "number" ? (status[code] ?? String(code)) : String(error);
}

/** Returns true as soon as a condition holds, or false if it does not hold within a while. */
export async function becomes(condition: () => boolean, limitMs: number = LOOK_LIMIT_MS): Promise<boolean> {
  const giveUpAtMs = performance.now() + limitMs;
  while (!condition() && performance.now() < giveUpAtMs) await later(LOOK_AGAIN_MS);
  return condition();
}

export async function later(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

export const textsOf = (messages: readonly Got[]): readonly string[] => messages.map(({ text }) => text);

/** For results whose order is not guaranteed. */
export const sortedTextsOf = (messages: readonly Got[]): readonly string[] => textsOf(messages).toSorted();

export function gotOf({ ackId, message, deliveryAttempt }: Received): Got {
  return {
    ackId: ackId ?? "",
    id: message?.messageId ?? "",
    text: Buffer.from(message?.data ?? "").toString(),
    key: message?.orderingKey ?? "",
    attempt: deliveryAttempt ?? 0,
    attributes: message?.attributes ?? {},
  };
}
