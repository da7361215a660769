import { ServiceBusClient, type ServiceBusClientOptions } from "@azure/service-bus";

/**
 * A program: sends two messages over TLS, receives and completes them, and prints their bodies.
 * Arguments: "key" or "token", host and port, queue.
 */
async function sendAndReceive(): Promise<void> {
  const [, , kind = "", address = "", queue = ""] = process.argv;
  const client = connect(kind, address);
  await client.createSender(queue).sendMessages(["one", "two"].map((body) => ({ body, messageId: body })));
  const receiver = client.createReceiver(queue);
  const messages = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 });
  for (const message of messages) await receiver.completeMessage(message);
  process.stdout.write(JSON.stringify({ bodies: messages.map(({ body }) => body) }));
  await client.close();
}

function connect(kind: string, address: string): ServiceBusClient {
  const options: ServiceBusClientOptions = { retryOptions: { maxRetries: 0, timeoutInMs: 5000 } };
  if (kind === "key") {
    const access = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue";
    return new ServiceBusClient(`Endpoint=sb://${address};${access}`, options);
  }
  // With a credential, the client takes a host without a port, and the port from this option.
  const credential = {
    getToken: async () => ({ token: "e30.e30.signature", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const customEndpointAddress = `sb://${address}`;
  return new ServiceBusClient("anyqueue.servicebus.windows.net", credential, {
    ...options,
    customEndpointAddress,
  });
}

await sendAndReceive();
