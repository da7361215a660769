import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import { serviceBus } from "@anyqueue/service-bus";
import { ServiceBusClient, type ServiceBusSender } from "@azure/service-bus";
import { callers, exampleBody, timedCaller, type Running, type Scenario } from "../measure.ts";

const QUEUE = defineQueue<object>("bench", { deadLetter: "none" });
const BODY = exampleBody(1);
/** More than anybody consumes in warm-up and window. */
const BACKLOG = 90_000;

function ourClient(port: number): QueueClient {
  return createClient(`service-bus://emulator?endpoint=127.0.0.1:${port}`, [serviceBus()]);
}

function sdkClient(port: number): ServiceBusClient {
  return new ServiceBusClient(
    `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=bench;SharedAccessKey=bench;UseDevelopmentEmulator=true`,
  );
}

function closing(running: Running, client: { close(): Promise<unknown> }): Running {
  return {
    ...running,
    async stop() {
      await running.stop();
      await client.close();
    },
  };
}

const message = (index: number): { readonly body: Buffer; readonly messageId: string } => ({
  // Bytes, as the adapter gives them: the SDK would quote a text.
  body: Buffer.from(JSON.stringify(BODY)),
  messageId: String(index),
});

function batchSender(sender: ServiceBusSender): () => Promise<void> {
  let sent = 0;
  return async () => {
    await sender.sendMessages(Array.from({ length: 100 }, () => message(sent++)));
  };
}

function ours(name: string, start: (client: QueueClient) => Running): Scenario {
  return {
    name,
    start({ port }) {
      const client = ourClient(port);
      return Promise.resolve(closing(start(client), client));
    },
  };
}

function theirs(name: string, start: (client: ServiceBusClient) => Running): Scenario {
  return {
    name,
    start({ port }) {
      const client = sdkClient(port);
      return Promise.resolve(closing(start(client), client));
    },
  };
}

export const serviceBusRoundTripScenarios: readonly Scenario[] = [
  ours("service-bus one send: anyqueue", (client) => {
    const producer = client.producer(QUEUE);
    return timedCaller(() => producer.send(BODY));
  }),
  theirs("service-bus one send: SDK", (client) => {
    const sender = client.createSender("bench");
    let sent = 0;
    return timedCaller(() => sender.sendMessages(message(sent++)));
  }),
];

export const serviceBusSendScenarios: readonly Scenario[] = [
  ours("service-bus send: anyqueue, 800 callers", (client) => {
    const producer = client.producer(QUEUE);
    return callers(800, () => producer.send(BODY));
  }),
  theirs("service-bus send: SDK, arrays of 100 by hand, 8 at once", (client) =>
    callers(8, batchSender(client.createSender("bench")), 100),
  ),
];

async function fill(client: ServiceBusClient): Promise<void> {
  const sender = client.createSender("bench");
  const send = batchSender(sender);
  for (let sent = 0; sent < BACKLOG; sent += 800) await Promise.all(Array.from({ length: 8 }, send));
  await sender.close();
}

async function fillAt(port: number): Promise<void> {
  const client = sdkClient(port);
  await fill(client);
  await client.close();
}

export const serviceBusConsumeScenarios: readonly Scenario[] = [
  {
    name: "service-bus consume: anyqueue, concurrency 100",
    async start({ port }) {
      await fillAt(port);
      const client = ourClient(port);
      let handled = 0;
      const consumer = client.consumer(QUEUE, { concurrency: 100 });
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
  },
  {
    // Credit for all that may be outstanding, and completes that nobody waits for: as fast as this SDK goes.
    name: "service-bus consume: SDK subscribe(300) by hand",
    async start({ port }) {
      await fillAt(port);
      const client = sdkClient(port);
      let handled = 0;
      let parsed: unknown;
      const receiver = client.createReceiver("bench", {
        skipParsingBodyAsJson: true,
        maxAutoLockRenewalDurationInMs: 0,
      });
      receiver.subscribe(
        {
          processMessage: async (received) => {
            parsed = JSON.parse((received.body as Buffer).toString());
            handled += 1;
            await receiver.completeMessage(received);
          },
          processError: async () => undefined,
        },
        { maxConcurrentCalls: 300, autoCompleteMessages: false },
      );
      return {
        done: () => (parsed === undefined ? 0 : handled),
        stop: () => client.close(),
      };
    },
  },
];
