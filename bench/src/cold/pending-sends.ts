// Measures the heap of sends that never get an answer, with the bare provider and with SQS. All sends share
// one text as body, so that it does not count.
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, defineQueue, text, type QueueClient } from "@anyqueue/core";
import { sqs } from "@anyqueue/sqs";
import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { BareQueue, bare } from "../bare/bare-provider.ts";
import { heapUsed } from "./heap-used.ts";
import { tell } from "./tell.ts";

const MESSAGES = 10_000;
/** These sends open the producer, cause the one-time allocations, and stay pending too. */
const WARM_UP = 1_000;
const BODY = "b".repeat(1_000);
const queue = defineQueue<string>("bench", { codec: text(), deadLetter: "none" });

class SilentQueue extends BareQueue {
  override accept(): Promise<never> {
    return new Promise(() => {});
  }
}

const silentSdk = {
  send: (command: object): Promise<object> =>
    command instanceof SendMessageBatchCommand
      ? new Promise(() => {})
      : Promise.resolve({ QueueUrl: "http://127.0.0.1/000000000000/bench", Attributes: {} }),
} as unknown as SQSClient;

tell({
  corePendingBytes: await pendingBytes(createClient("bare:", [bare(new SilentQueue())])),
  sqsPendingBytes: await pendingBytes(createClient("sqs:", [sqs({ client: silentSdk })])),
});

async function pendingBytes(client: QueueClient): Promise<number> {
  const producer = client.producer(queue);
  for (let nth = 0; nth < WARM_UP; nth += 1) void producer.send(BODY);
  // Until the maximum number of requests is in flight.
  await sleep(100);
  const before = heapUsed();
  for (let nth = 0; nth < MESSAGES; nth += 1) void producer.send(BODY);
  return (heapUsed() - before) / MESSAGES;
}
