import { systemClock, type QueueAdapter } from "@anyqueue/core/adapter";
import { ServiceBusClient } from "@azure/service-bus";
import { serviceBus } from "../src/index.ts";
import { consumerOptions, never, outgoing, queueOf, receive, valuesOf } from "./open-adapter.ts";

/**
 * A program: sends, receives and settles over port 443's protocol, AMQP in WebSockets, and prints what came of it.
 * Arguments: "sdk" or "adapter", host and port. A process of its own, because only at its start can it be told whom to trust.
 */
const [, , side = "", endpoint = ""] = process.argv;
const ACCESS = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue";
const connectionString = `Endpoint=sb://${endpoint}/;${ACCESS}`;
const webSocketOptions = { webSocket: WebSocket };

async function runSdk(): Promise<object> {
  const retryOptions = { maxRetries: 0, timeoutInMs: 1_500 };
  const client = new ServiceBusClient(connectionString, { webSocketOptions, retryOptions });
  const sender = client.createSender("orders");
  await sender.sendMessages({ body: "first", messageId: "first" });
  const receiver = client.createReceiver("orders");
  const messages = await receiver.receiveMessages(1);
  for (const message of messages) await receiver.completeMessage(message);
  const startedAt = performance.now();
  const cut = await sender.sendMessages({ body: "cut", messageId: "cut" }).then(
    () => "sent",
    () => "failed",
  );
  const cutMs = performance.now() - startedAt;
  await client.close();
  return { received: messages.map(({ messageId }) => messageId), cut, cutMs };
}

async function runAdapter(): Promise<object> {
  const url = {
    scheme: "service-bus",
    authority: "",
    path: "",
    parameters: {},
    text: "service-bus:",
  };
  const adapter = serviceBus({ connectionString, clientOptions: { webSocketOptions } }).connect(url, {
    clock: systemClock,
  });
  const producer = adapter.openProducer(queueOf(adapter));
  valuesOf(await producer.sendBatch([outgoing("first")], never));
  const before = await receiveAll(adapter, 1);
  const startedAt = performance.now();
  const [result] = await producer.sendBatch([outgoing("cut")], never);
  const cutMs = performance.now() - startedAt;
  const cut = result?.ok === false ? adapter.classify(result.error, "send") : "sent";
  let isSent = false;
  while (!isSent) isSent = (await producer.sendBatch([outgoing("after")], never))[0]?.ok === true;
  const received = [...before, ...(await receiveAll(adapter, 2))];
  await adapter.close();
  return { received, cut, cutMs };
}

/** By a consumer of its own, which holds nothing when it ends. */
async function receiveAll(adapter: QueueAdapter, count: number): Promise<readonly string[]> {
  const consumer = adapter.openConsumer(queueOf(adapter), consumerOptions());
  await consumer.open?.(never);
  const deliveries = await receive(consumer, count);
  valuesOf(
    await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    ),
  );
  await consumer.close();
  return deliveries.map(({ id }) => id);
}

process.stdout.write(JSON.stringify(side === "sdk" ? await runSdk() : await runAdapter()));
