import {
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { Producer } from "sqs-producer";
import { readerFor, writerFor } from "../body.ts";
import { callers, type Running } from "../callers.ts";
import { slowHandler } from "../handler-time.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { BIG_SQS, FAR_SQS, SQS } from "../scenarios/sqs.ts";

const BATCH = 10;

const naiveSend: Scenario = {
  name: "sqs send: SDK, SendMessage one by one",
  stub: SQS,
  accounts: "sent",
  start({ port }) {
    const client = sdk(port);
    const send = (nth: number): Promise<unknown> =>
      client.send(new SendMessageCommand({ QueueUrl: queueUrl(port), MessageBody: bodyOf(nth) }));
    return Promise.resolve(callers(1, send));
  },
};

/** What an SQS expert writes by hand: full batches, several at a time. */
function batchSend(name: string, stub: StubPlan, atOnce: number, size: number): Scenario {
  return {
    name,
    stub,
    accounts: "sent",
    start({ port }) {
      const client = sdk(port);
      const bodyOf = writerFor(stub);
      const send = (nth: number): Promise<unknown> => {
        const Entries = Array.from({ length: size }, (_, i) => ({
          Id: String(i),
          MessageBody: bodyOf(nth + i),
        }));
        return client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl(port), Entries }));
      };
      return Promise.resolve(callers(atOnce, send, size));
    },
  };
}

const sqsProducer: Scenario = {
  name: "sqs send: sqs-producer, 8 times 100 messages",
  stub: SQS,
  accounts: "sent",
  start({ port }) {
    const producer = Producer.create({ queueUrl: queueUrl(port), sqs: sdk(port) });
    const send = (nth: number): Promise<unknown> =>
      producer.send(Array.from({ length: 100 }, (_, i) => ({ id: String(i), body: bodyOf(nth + i) })));
    return Promise.resolve(callers(8, send, 100));
  },
};

const naiveConsume: Scenario = {
  name: "sqs consume: SDK, receive 1 and delete 1",
  stub: SQS,
  accounts: "settled",
  start({ port }) {
    const client = sdk(port);
    const QueueUrl = queueUrl(port);
    const poll = async (): Promise<void> => {
      const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
      const [{ Body = "", ReceiptHandle } = {}] = Messages;
      JSON.parse(Body);
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    };
    return Promise.resolve(callers(1, poll));
  },
};

/** Each poller receives ten messages, handles them at once, and deletes them in one request. */
function tunedConsume(name: string, stub: StubPlan, pollers: number, work?: () => Promise<void>): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    start({ port }) {
      const client = sdk(port);
      const QueueUrl = queueUrl(port);
      const read = readerFor(stub);
      const handle = async ({ Body = "" }): Promise<unknown> => {
        const body = read(Body);
        await work?.();
        return body;
      };
      const poll = async (): Promise<void> => {
        const input = { QueueUrl, MaxNumberOfMessages: BATCH };
        const { Messages = [] } = await client.send(new ReceiveMessageCommand(input));
        await Promise.all(Messages.map(handle));
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      };
      return Promise.resolve(callers(pollers, poll, BATCH));
    },
  };
}

interface SqsConsumerPlan {
  readonly stub: StubPlan;
  readonly consumers: number;
  readonly isBatchHandler?: boolean;
  readonly work?: () => Promise<void>;
}

function sqsConsumer(name: string, { stub, consumers, isBatchHandler, work }: SqsConsumerPlan): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    start({ port }): Promise<Running> {
      let handled = 0;
      const handle = async ({ Body = "" }): Promise<void> => {
        JSON.parse(Body);
        await work?.();
      };
      const client = sdk(port);
      const common = { queueUrl: queueUrl(port), sqs: client, batchSize: BATCH };
      const all = Array.from({ length: consumers }, () =>
        Consumer.create(
          isBatchHandler === true
            ? {
                ...common,
                handleMessageBatch: async (messages) => {
                  await Promise.all(messages.map(handle));
                  return messages;
                },
              }
            : {
                ...common,
                handleMessage: async (message) => {
                  await handle(message);
                  return message;
                },
              },
        ),
      );
      for (const consumer of all) {
        // This event comes after the delete, so the stub has seen the message.
        consumer.on("message_processed", () => (handled += 1));
        consumer.on("error", () => {});
        consumer.start();
      }
      return Promise.resolve({
        done: () => handled,
        stop: () => {
          for (const consumer of all) consumer.stop({ abort: true });
          return Promise.resolve();
        },
      });
    },
  };
}

/** The SDK's client as its documentation shows it. */
function sdk(port: number): SQSClient {
  return new SQSClient({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1" });
}

function queueUrl(port: number): string {
  return `http://127.0.0.1:${port}/000000000000/bench`;
}

const bodyOf = writerFor(SQS);

export const sqsAnchors: readonly Scenario[] = [
  naiveSend,
  batchSend("sqs send: SDK, batches by hand, 8 at once", SQS, 8, BATCH),
  batchSend("sqs send of 256 KB: SDK, batches of 4 by hand, 8 at once", BIG_SQS, 8, 4),
  sqsProducer,
  batchSend("sqs idle send: SDK, a batch of one", SQS, 1, 1),
  naiveConsume,
  tunedConsume("sqs consume: SDK by hand, 4 pollers", SQS, 4),
  tunedConsume("sqs consume of 256 KB: SDK by hand, 4 pollers", BIG_SQS, 4),
  sqsConsumer("sqs consume: sqs-consumer, handleMessage", { stub: SQS, consumers: 1 }),
  sqsConsumer("sqs consume: sqs-consumer, 8 with handleMessageBatch", {
    stub: SQS,
    consumers: 8,
    isBatchHandler: true,
  }),
  tunedConsume("sqs at 10 ms: SDK by hand, 1 poller", FAR_SQS, 1, slowHandler),
  tunedConsume("sqs at 10 ms: SDK by hand, 10 pollers", FAR_SQS, 10, slowHandler),
  sqsConsumer("sqs at 10 ms: sqs-consumer, 1", { stub: FAR_SQS, consumers: 1, work: slowHandler }),
  sqsConsumer("sqs at 10 ms: sqs-consumer, 10", { stub: FAR_SQS, consumers: 10, work: slowHandler }),
];
