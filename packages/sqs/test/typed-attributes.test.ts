import { createClient, DeadLetterError, deadLetters, defineQueue, type QueueClient } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import {
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type MessageAttributeValue,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sqs } from "../src/index.ts";
import { ANY_CREDENTIALS } from "./open-adapter.ts";
import { until } from "./scripted-server.ts";

const orders = defineQueue("orders");
const TYPED: Readonly<Record<string, MessageAttributeValue>> = {
  count: { DataType: "Number.int", StringValue: "42" },
  price: { DataType: "Number", StringValue: "1.50" },
  blob: { DataType: "Binary.png", BinaryValue: Uint8Array.of(1, 2, 255) },
  label: { DataType: "String.color", StringValue: "red" },
  text: { DataType: "String", StringValue: "x" },
};

let emulator: Emulator;
let client: QueueClient;
let foreign: SQSClient;

beforeEach(async () => {
  emulator = await startEmulator({ sqsPort: 0 });
  const endpoint = emulator.endpoints.sqs ?? "";
  client = createClient(`sqs://eu-west-1?endpoint=${endpoint}`, [sqs({ credentials: ANY_CREDENTIALS })]);
  foreign = new SQSClient({ endpoint, region: "eu-west-1", credentials: ANY_CREDENTIALS });
  await client.admin.create(orders);
});

afterEach(async () => {
  foreign.destroy();
  await client.close();
  await emulator.close();
});

function urlOf(name: string): string {
  return `${emulator.endpoints.sqs}/000000000000/${name}`;
}

async function send(attributes: Readonly<Record<string, MessageAttributeValue>>): Promise<void> {
  const input = { QueueUrl: urlOf("orders"), MessageBody: "body", MessageAttributes: { ...attributes } };
  await foreign.send(new SendMessageCommand(input));
}

/** A queue's foreign attributes as the SDK shows them, plain ones first. The messages stay there. */
async function typesIn(name: string): Promise<readonly object[]> {
  const { Messages = [] } = await foreign.send(
    new ReceiveMessageCommand({
      QueueUrl: urlOf(name),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages.map(({ MessageAttributes: { "aq-h": _ours, ...attributes } = {} }) => attributes).toSorted(
    (a, b) => Object.keys(a).length - Object.keys(b).length,
  );
}

test("a foreign message's typed attributes are what they were among the dead letters, and when they are back", async () => {
  const consumer = client.consumer(orders);
  const run = consumer.run(() => {
    throw new DeadLetterError("bad");
  });
  // One by one: the requests for later ones are copied from the SDK's requests for the first.
  const sent = [{}, {}, {}, TYPED, {}, TYPED];
  for (const [index, attributes] of sent.entries()) {
    await send(attributes);
    await until(
      () => emulator.sqs.queues().find(({ name }) => name === "orders-dead")?.visible === index + 1,
    );
  }
  await consumer.close();
  await run;
  const all = [{}, {}, {}, {}, TYPED, TYPED];
  expect(await typesIn("orders-dead")).toEqual(all);
  const dead = await client.consumer(deadLetters(orders)).receive({ max: sent.length });
  expect(dead.find(({ attributeTypes }) => attributeTypes !== undefined)).toMatchObject({
    attributes: { count: "42", blob: "AQL/" },
    attributeTypes: { count: "Number.int", price: "Number", blob: "Binary.png", label: "String.color" },
  });
  for (const message of dead) await message.retry();
  for await (const _ of client.admin.redrive(orders, { max: sent.length }));
  expect(await typesIn("orders")).toEqual(all);
});

test("a trace header of X-Ray stays with a message among the dead letters, and when it is back", async () => {
  const TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
  const traceIn = async (name: string): Promise<unknown> => {
    const ask = {
      QueueUrl: urlOf(name),
      VisibilityTimeout: 0,
      MessageSystemAttributeNames: ["All" as const],
    };
    const { Messages = [] } = await foreign.send(new ReceiveMessageCommand(ask));
    return Messages.map(({ Attributes }) => Attributes?.["AWSTraceHeader"]);
  };
  const MessageSystemAttributes = { AWSTraceHeader: { DataType: "String" as const, StringValue: TRACE } };
  const input = { QueueUrl: urlOf("orders"), MessageBody: "{}", MessageSystemAttributes };
  await foreign.send(new SendMessageCommand(input));
  const [message] = await client.consumer(orders).receive({ max: 1 });
  expect(message?.attributes).toEqual({});
  await message?.deadLetter("bad");
  expect(await traceIn("orders-dead")).toEqual([TRACE]);
  for await (const _ of client.admin.redrive(orders, { max: 1 }));
  expect(await traceIn("orders")).toEqual([TRACE]);
});
