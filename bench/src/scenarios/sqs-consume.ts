import { createClient, defineQueue } from "@anyqueue/core";
import { sqs } from "@anyqueue/sqs";
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { callers, type Scenario } from "../measure.ts";
import { queueUrl, sdkClient } from "./sdk-client.ts";

const anyqueueConsume: Scenario = {
  name: "sqs consume: anyqueue, concurrency 100",
  async start({ port }) {
    const client = createClient(`sqs://us-east-1?endpoint=http://127.0.0.1:${port}`, [sqs()]);
    const queue = defineQueue<object>("bench", { deadLetter: "none" });
    let handled = 0;
    const consumer = client.consumer(queue, { concurrency: 100 });
    const run = consumer.run(() => {
      handled += 1;
    });
    return {
      done: () => handled,
      async stop() {
        await client.close();
        await run;
      },
    };
  },
};

/** Four pollers, each receives ten, parses them, and deletes them in one request. */
const tunedConsume: Scenario = {
  name: "sqs consume: SDK receive + delete batch by hand, 4 pollers",
  start({ port }) {
    const client = sdkClient(port);
    const QueueUrl = queueUrl(port);
    let parsed: unknown;
    const poll = async () => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      for (const { Body = "" } of Messages) parsed = JSON.parse(Body);
      const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      return parsed;
    };
    return Promise.resolve(callers(4, poll, 10));
  },
};

const sqsConsumer: Scenario = {
  name: "sqs consume: sqs-consumer, its defaults, batch size 10",
  start({ port }) {
    let handled = 0;
    const consumer = Consumer.create({
      queueUrl: queueUrl(port),
      sqs: sdkClient(port),
      batchSize: 10,
      handleMessage: (message) => {
        JSON.parse(message.Body ?? "");
        handled += 1;
        return Promise.resolve(message);
      },
    });
    consumer.start();
    return Promise.resolve({
      done: () => handled,
      stop: () => {
        consumer.stop({ abort: true });
        return Promise.resolve();
      },
    });
  },
};

export const sqsConsumeScenarios: readonly Scenario[] = [anyqueueConsume, tunedConsume, sqsConsumer];
