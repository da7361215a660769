import type {
  Backend,
  CreatedQueue,
  ForeignMessage,
  ForeignPeer,
  Harness,
  QueueRequest,
} from "@anyqueue/conformance";
import type { Feature } from "@anyqueue/core/adapter";
import { spawnEmulator } from "@anyqueue/emulator";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type MessageAttributeValue,
} from "@aws-sdk/client-sqs";
import { sqs } from "../src/index.ts";
import { ANY_CREDENTIALS } from "./open-adapter.ts";

const REGION = "eu-west-1";
/** The service's own upper bound: the policy is set, but does not interfere. */
const MAX_RECEIVE_COUNT = 1_000;

/** SQS standard or FIFO queues on an emulator in a process of its own. */
export function emulatorHarness(kind: "standard" | "fifo"): Harness {
  return {
    name: `sqs-${kind}`,
    async open() {
      const emulator = await spawnEmulator({ sqsPort: 0 });
      const endpoint = emulator.endpoints.sqs ?? "";
      return {
        ...sqsBackend(endpoint, kind),
        time: { kind: "remote", advance: async (ms) => (await emulator.control.advance(ms)).calls },
        close: () => emulator.close(),
      };
    },
  };
}

/** A backend at any server that speaks SQS. The plain SDK makes the queues, not the code under test. */
export function sqsBackend(endpoint: string, kind: "standard" | "fifo"): Backend {
  const client = new SQSClient({
    endpoint,
    region: REGION,
    credentials: ANY_CREDENTIALS,
    useQueueUrlAsEndpoint: false,
  });
  const url = `sqs://${REGION}?endpoint=${endpoint}`;
  const features: readonly Feature[] = kind === "fifo" ? ["ordering", "deduplication"] : [];
  return {
    url,
    provider: () => sqs({ credentials: ANY_CREDENTIALS }),
    time: { kind: "real" },
    leaseMs: 2_000,
    // SQS has only whole seconds.
    toleranceMs: 1_000,
    features,
    createQueue: (request) => createQueue(client, request, kind === "fifo" ? ".fifo" : ""),
    foreign: foreignPeer(client),
    denied: { provider: () => sqs({ credentials: refuseCredentials }), url, code: "UNAUTHENTICATED" },
    close: async () => client.destroy(),
  };
}

async function refuseCredentials(): Promise<never> {
  throw Object.assign(new Error("Could not load credentials from any providers"), {
    name: "CredentialsProviderError",
  });
}

async function createQueue(client: SQSClient, request: QueueRequest, suffix: string): Promise<CreatedQueue> {
  const attributes: Record<string, string> = suffix === "" ? {} : { FifoQueue: "true" };
  const entity = request.name + suffix;
  const deadLetterEntity = request.deadLetter ? `${request.name}-dead${suffix}` : undefined;
  if (deadLetterEntity !== undefined) {
    await client.send(new CreateQueueCommand({ QueueName: deadLetterEntity, Attributes: attributes }));
    attributes["RedrivePolicy"] = JSON.stringify({
      deadLetterTargetArn: `arn:aws:sqs:${REGION}:000000000000:${deadLetterEntity}`,
      maxReceiveCount: request.maxDeliveries ?? MAX_RECEIVE_COUNT,
    });
  }
  attributes["VisibilityTimeout"] = String(Math.ceil(request.leaseMs / 1_000));
  await client.send(new CreateQueueCommand({ QueueName: entity, Attributes: attributes }));
  return { entity, deadLetterEntity };
}

function foreignPeer(client: SQSClient): ForeignPeer {
  const urlOf = async (entity: string): Promise<string> =>
    (await client.send(new GetQueueUrlCommand({ QueueName: entity }))).QueueUrl ?? "";
  return {
    async send(entity, { text, attributes, numbers = {}, orderingKey }) {
      const native: Record<string, MessageAttributeValue> = {};
      for (const [name, value] of Object.entries(attributes))
        native[name] = { DataType: "String", StringValue: value };
      for (const [name, value] of Object.entries(numbers))
        native[name] = { DataType: "Number", StringValue: String(value) };
      const fifo = entity.endsWith(".fifo")
        ? { MessageGroupId: orderingKey ?? "foreign", MessageDeduplicationId: crypto.randomUUID() }
        : {};
      const message = { QueueUrl: await urlOf(entity), MessageBody: text, MessageAttributes: native };
      await client.send(new SendMessageCommand({ ...message, ...fifo }));
    },
    async receive(entity, max) {
      const queueUrl = await urlOf(entity);
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.min(max, 10),
          WaitTimeSeconds: 20,
          MessageAttributeNames: ["All"],
        }),
      );
      return await Promise.all(
        messages.map(async (message): Promise<ForeignMessage> => {
          await client.send(
            new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }),
          );
          const attributes = Object.entries(message.MessageAttributes ?? {});
          return {
            body: new TextEncoder().encode(message.Body),
            attributes: Object.fromEntries(
              attributes.map(([name, value]) => [name, value.StringValue ?? ""]),
            ),
          };
        }),
      );
    },
  };
}
