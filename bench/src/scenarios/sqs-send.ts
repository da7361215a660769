import { createClient, defineQueue } from "@anyqueue/core";
import { sqs } from "@anyqueue/sqs";
import { SendMessageBatchCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { callers, exampleBody, type Scenario } from "../measure.ts";
import { queueUrl, sdkClient } from "./sdk-client.ts";

/** One `send` after another by 200 callers; the batches are the library's business. */
const anyqueueSend: Scenario = {
  name: "sqs send: anyqueue, 200 callers",
  async start({ port }) {
    const client = createClient(`sqs://us-east-1?endpoint=http://127.0.0.1:${port}`, [sqs()]);
    const producer = client.producer(defineQueue<object>("bench"));
    const body = exampleBody(1);
    const running = callers(200, () => producer.send(body));
    return {
      done: running.done,
      async stop() {
        await running.stop();
        await client.close();
      },
    };
  },
};

const naiveSend: Scenario = {
  name: "sqs send: SDK SendMessage, one by one",
  start({ port }) {
    const client = sdkClient(port);
    const MessageBody = JSON.stringify(exampleBody(1));
    const send = () => client.send(new SendMessageCommand({ QueueUrl: queueUrl(port), MessageBody }));
    return Promise.resolve(callers(1, send));
  },
};

/** What somebody who knows SQS writes by hand: full batches, eight at a time. */
const tunedSend: Scenario = {
  name: "sqs send: SDK SendMessageBatch by hand, 8 at once",
  start({ port }) {
    const client = sdkClient(port);
    const body = exampleBody(1);
    const send = () => {
      const Entries = Array.from({ length: 10 }, (_, i) => ({
        Id: String(i),
        MessageBody: JSON.stringify(body),
      }));
      return client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl(port), Entries }));
    };
    return Promise.resolve(callers(8, send, 10));
  },
};

export const sqsSendScenarios: readonly Scenario[] = [anyqueueSend, naiveSend, tunedSend];
