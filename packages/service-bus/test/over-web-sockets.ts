import { AsyncResource } from "node:async_hooks";
import { createServer, type AddressInfo } from "node:net";
import { systemClock, type QueueAdapter } from "@anyqueue/core/adapter";
import { ServiceBusClient } from "@azure/service-bus";
import { opened } from "../../emulator/test/support/opened.ts";
import { serviceBus } from "../src/index.ts";
import { NamespaceConnection } from "../src/namespace-connection.ts";
import { consumerOptions, never, outgoing, queueOf, receive, until, valuesOf } from "./open-adapter.ts";
import { saidBy } from "./said-by.ts";

/**
 * A program that sends, receives and settles over AMQP in WebSockets, the protocol of port 443, and prints
 * the outcome. Arguments: "sdk", "adapter" or "tracer", host and port. A separate process, because only at
 * its start can it be told whom to trust.
 */
const [, , side = "", endpoint = ""] = process.argv;
const ACCESS = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue";
const connectionString = `Endpoint=sb://${endpoint}/;${ACCESS}`;
const webSocketOptions = { webSocket: WebSocket };

async function runSdk(): Promise<object> {
  const retryOptions = { maxRetries: 0, timeoutInMs: 1_500 };
  const client = new ServiceBusClient(connectionString, { webSocketOptions, retryOptions });
  const sender = await opened(client.createSender("orders"));
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

/** A tracer that exports in the context of the SDK's calls, before and after the WebSocket dies. */
async function runTracer(): Promise<object> {
  const server = createServer((socket) => socket.end("exported"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const retryOptions = { maxRetries: 0, timeoutInMs: 1_500 };
  const connection = new NamespaceConnection({
    client: () => new ServiceBusClient(connectionString, { webSocketOptions, retryOptions }),
    administration: () => {
      throw new Error("there is no administration");
    },
    isForeign: false,
  });
  connection.acquire();
  let deaths = 0;
  connection.onDeath(() => {
    deaths += 1;
  });
  const send = async (client: ServiceBusClient): Promise<void> =>
    await client.createSender("orders").sendMessages({ body: "x" });
  await connection.call(async (client) => await opened(client.createSender("orders")));
  await connection.call(send);
  const exported = connection.scoped(() => AsyncResource.bind(async () => await saidBy(port)));
  const before = [await exported(), deaths];
  await connection.call(send).catch(() => {});
  await until(() => deaths > 0);
  const after = [await exported(), deaths];
  await connection.release();
  server.close();
  return { before, after };
}

/** Receives with a separate consumer, which holds nothing when it ends. */
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

const sides: Readonly<Record<string, () => Promise<object>>> = {
  sdk: runSdk,
  adapter: runAdapter,
  tracer: runTracer,
};
process.stdout.write(JSON.stringify(await sides[side]?.()));
