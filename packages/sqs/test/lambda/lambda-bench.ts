import { createClient, type QueueClient, type QueueDefinition, type QueueEvents } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { sqs, sqsCalls, type SqsCalls, type SqsCallsOptions } from "../../src/index.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";
import {
  invokeOnce,
  type Invocation,
  type LambdaFunction,
  type MappingOptions,
} from "./event-source-mapping.ts";

const REGION = "eu-west-1";

/** An emulator for one test file, emptied before each test. */
export interface LambdaBench {
  readonly emulator: Emulator;
  readonly url: string;
  /** A client of ours at the same emulator; closed after the file's tests. */
  client(listener?: { readonly handled?: (event: QueueEvents["handled"]) => void }): QueueClient;
  calls(options: SqsCallsOptions): SqsCalls;
  /** Makes a queue with the SDK; resolves with a mapping of it. */
  createQueue(name: string, attributes?: Readonly<Record<string, string>>): Promise<TestMapping>;
  /** Bodies of all messages in a queue, leased ones included. */
  bodies(queue: string): readonly string[];
}

export interface TestMapping {
  readonly arn: string;
  invoke(handler: LambdaFunction, more?: Partial<MappingOptions>): Promise<Invocation | undefined>;
}

export function lambdaBench(): () => LambdaBench {
  let emulator: Emulator | undefined;
  let sdk: SQSClient | undefined;
  const clients: QueueClient[] = [];
  beforeAll(async () => {
    emulator = await startEmulator({ sqsPort: 0 });
    sdk = new SQSClient({
      endpoint: emulator.endpoints.sqs ?? "",
      region: REGION,
      credentials: ANY_CREDENTIALS,
    });
  });
  afterAll(async () => {
    await Promise.all(clients.map(async (client) => await client.close()));
    sdk?.destroy();
    await emulator?.close();
  });
  beforeEach(() => emulator?.reset());
  return () => {
    if (emulator === undefined || sdk === undefined) throw new Error("the emulator is not running yet");
    return benchOf(emulator, sdk, clients);
  };
}

function benchOf(emulator: Emulator, sdk: SQSClient, clients: QueueClient[]): LambdaBench {
  const endpoint = emulator.endpoints.sqs ?? "";
  const url = `sqs://${REGION}?endpoint=${endpoint}`;
  return {
    emulator,
    url,
    client: (listener = {}) => {
      const client = createClient(url, [sqs({ credentials: ANY_CREDENTIALS })], { listener });
      clients.push(client);
      return client;
    },
    calls: (options) => sqsCalls({ endpoint, credentials: ANY_CREDENTIALS, ...options }),
    createQueue: async (name, attributes = {}) => {
      const fifo = name.endsWith(".fifo") ? { FifoQueue: "true" } : {};
      const Attributes = { ...fifo, ...attributes };
      const { QueueUrl: queueUrl = "" } = await sdk.send(
        new CreateQueueCommand({ QueueName: name, Attributes }),
      );
      const read = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] });
      const queueArn = (await sdk.send(read)).Attributes?.QueueArn ?? "";
      const options = { client: sdk, queueUrl, queueArn };
      return { arn: queueArn, invoke: (handler, more) => invokeOnce(handler, { ...options, ...more }) };
    },
    bodies: (queue) =>
      emulator.sqs
        .queues()
        .filter(({ name }) => name === queue)
        .flatMap(({ messages }) => messages.map(({ body }) => body)),
  };
}

/** Sends through our own producer. */
export async function sendAll<Body>(
  client: QueueClient,
  definition: QueueDefinition<Body>,
  bodies: readonly Body[],
): Promise<void> {
  await client.producer(definition).sendMany(bodies.map((body) => ({ body })));
}
