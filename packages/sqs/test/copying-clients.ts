import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-sqs";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, vi } from "vitest";
import { LeanClient } from "../src/lean-client.ts";
import type { ClientSettings } from "../src/sqs-client.ts";
import { REQUEST_TIMEOUT_MS } from "../src/sqs-limits.ts";
import type { ExchangeOptions } from "../src/sqs-http-handler.ts";
import { ANY_CREDENTIALS, present } from "./open-adapter.ts";
import { ScriptedServer, type ScriptedCall } from "./scripted-server.ts";

/** The server of the running test. */
export let server: ScriptedServer;
const clients: SQSClient[] = [];

/** Gives each test of the calling file a server of its own, and ends it with all clients. */
export function serveEachTest(): void {
  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
    for (const client of clients.splice(0)) client.destroy();
    await server.close();
  });
}

interface Connected {
  readonly client: LeanClient;
  /** How many requests the SDK made, including copies whose answers it read. */
  readonly made: () => number;
}

export function connect(settings: ClientSettings = {}): Connected {
  const given = { region: "eu-west-1", endpoint: server.endpoint, credentials: ANY_CREDENTIALS };
  const client = new LeanClient(sdk, { ...given, ...settings }, 4);
  clients.push(client.sdkClient);
  let made = 0;
  client.sdkClient.middlewareStack.add(
    (next) => async (args) => {
      made += 1;
      return await next(args);
    },
    { step: "initialize", priority: "low" },
  );
  return { client, made: () => made };
}

/** A plain SDK client with our settings. */
export function plain(): SQSClient {
  const client = new sdk.SQSClient({
    region: "eu-west-1",
    endpoint: server.endpoint,
    credentials: ANY_CREDENTIALS,
    maxAttempts: 1,
    md5: false,
    useQueueUrlAsEndpoint: false,
  });
  clients.push(client);
  return client;
}

export const QueueUrl = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
const attribute = { DataType: "String", StringValue: 'a "b" \\ é 😀' };
export const COMMANDS = {
  SendMessageBatch: () =>
    new sdk.SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: "0", MessageBody: 'é 😀 \u2028 "quoted" \\ \t', MessageAttributes: { "aq-h": attribute } },
        { Id: "1", MessageBody: "later", DelaySeconds: 3, MessageAttributes: {} },
        { Id: "2", MessageBody: "x", MessageDeduplicationId: "d", MessageGroupId: "g" },
      ],
    }),
  ReceiveMessage: () =>
    new sdk.ReceiveMessageCommand({
      QueueUrl,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 30,
      WaitTimeSeconds: 0,
      ReceiveRequestAttemptId: undefined,
    }),
  DeleteMessageBatch: () =>
    new sdk.DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: "0", ReceiptHandle: "AQEB/+=" }] }),
  ChangeMessageVisibilityBatch: () =>
    new sdk.ChangeMessageVisibilityBatchCommand({
      QueueUrl,
      Entries: [{ Id: "0", ReceiptHandle: "AQEB/+=", VisibilityTimeout: 0 }],
    }),
} as const;
export type Operation = keyof typeof COMMANDS;
export const OPERATIONS = Object.keys(COMMANDS) as Operation[];

export async function call(
  client: LeanClient | SQSClient,
  operation: Operation,
  options: ExchangeOptions = { timeoutMs: REQUEST_TIMEOUT_MS },
): Promise<object> {
  const command = COMMANDS[operation]() as sdk.SendMessageBatchCommand;
  if (!(client instanceof LeanClient)) return await client.send(command);
  const name = `${operation}Command` as "SendMessageBatchCommand";
  const answer = await client.send(name, command.input, options);
  // The client learns from a request after its answer.
  await sleep(1);
  return answer;
}

/** Connects and makes two calls; requests from the third on are copies. */
export async function taught(operation: Operation, settings: ClientSettings = {}): Promise<Connected> {
  const connected = connect(settings);
  await call(connected.client, operation);
  await call(connected.client, operation);
  return connected;
}

export const lastCall = (): ScriptedCall => present(server.calls.at(-1), "call");
