import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as onTheWire } from "node:timers/promises";
import {
  createClient,
  deadLetters,
  type EventListener,
  type QueueClient,
  type QueueDefinition,
} from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { testQueues } from "@anyqueue/memory";
import { createHandler } from "@anyqueue/serverless";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { onOrder, orders, unorderedOrders, type Order } from "../../../sqs/test/lambda/order-handler.ts";
import { pubsub, pubsubCalls } from "../../src/index.ts";
import { nodePushRequests, pubsubEvents, pushRequests, type PushedEnvelope } from "../../src/push.ts";

const PROJECT = "p";
const AUDIENCE = "https://example.com/orders";
const SERVICE_ACCOUNT = "push@p.iam.gserviceaccount.com";
const FATES = ["fine", "fails-once", "fine", "refused", "retries-later", "always-fails", "fine"] as const;
const SENT: readonly Order[] = ["a", "b", "c"].flatMap((customer, place) =>
  FATES.map((_, number): Order => ({
    customer,
    number,
    fate: FATES[(number + place * 2) % FATES.length] ?? "fine",
  })),
);
const REAL_BEAT_MS = 2;
const STEP_MS = 100;

/** What an application sees of its messages, whatever carried them. */
interface Trace {
  /** Per ordering key: every run of the handler and what followed; in order where the queue keeps one. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Ids and reasons of the dead letters. */
  readonly dead: readonly string[];
}

class Tracer {
  readonly #runs = new Map<string, string[]>();
  handled = 0;

  readonly listener: EventListener = {
    handled: ({ id, attempt, outcome }) => {
      const key = id.slice(0, 1);
      const runs = this.#runs.get(key) ?? [];
      this.#runs.set(key, runs);
      runs.push(`${id} attempt ${attempt}: ${outcome}`);
      if (outcome !== "release") this.handled += 1;
    },
  };

  async trace(client: QueueClient, definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
    const dead: string[] = [];
    const consumer = client.consumer(deadLetters(definition));
    while (dead.length < 6) {
      for (const message of await consumer.receive({ max: 50, wait: "1s" })) {
        dead.push(`${message.id}: ${message.deadLettered?.reason} after ${message.deadLettered?.attempts}`);
        await message.ack();
      }
    }
    const runs = [...this.#runs].map(([key, list]) => [key, isOrdered ? list : list.toSorted()] as const);
    return {
      runs: Object.fromEntries(runs.toSorted(([a], [b]) => a.localeCompare(b))),
      dead: dead.toSorted(),
    };
  }
}

async function asMemoryWorker(definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
  const tracer = new Tracer();
  await using queues = await testQueues({ client: { listener: tracer.listener } });
  const consumer = queues.client.consumer(definition);
  const run = consumer.run(onOrder);
  await queues.client.producer(definition).sendMany(SENT.map((body) => ({ body })));
  while (tracer.handled < SENT.length) await queues.advance("1s");
  await consumer.close();
  await run;
  return await tracer.trace(queues.client, definition, isOrdered);
}

type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;
type MakeEndpoint = (definition: QueueDefinition<Order>, listener: EventListener) => Serve;

let emulator: Emulator;
let sdk: PubSub;

beforeAll(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  sdk = new PubSub({
    projectId: PROJECT,
    apiEndpoint: emulator.endpoints.pubsub ?? "",
    emulatorMode: true,
    clientOptions: { universeDomain: "googleapis.com" },
  });
});

beforeEach(() => emulator.reset());

afterAll(async () => {
  await sdk.close();
  await emulator.close();
});

function clientOf(listener?: EventListener, clock = createVirtualClock()): QueueClient {
  const url = `pubsub://${PROJECT}?endpoint=${emulator.endpoints.pubsub}`;
  return createClient(url, [pubsub()], listener === undefined ? {} : { listener, clock });
}

async function createQueue(isOrdered: boolean, pushEndpoint?: string): Promise<void> {
  const [topic] = await sdk.createTopic("orders");
  const [dead] = await sdk.createTopic("orders-dead");
  await dead.createSubscription("orders-dead", { enableMessageOrdering: isOrdered });
  const oidcToken = { serviceAccountEmail: SERVICE_ACCOUNT, audience: AUDIENCE };
  await topic.createSubscription("orders", {
    enableMessageOrdering: isOrdered,
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 100 },
    ...(pushEndpoint !== undefined && { pushConfig: { pushEndpoint, oidcToken } }),
  });
}

async function asPubsubWorker(definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
  const tracer = new Tracer();
  const clock = createVirtualClock();
  await createQueue(isOrdered);
  await using plain = clientOf();
  await plain.producer(definition).sendMany(SENT.map((body) => ({ body })));
  await using client = clientOf(tracer.listener, clock);
  const consumer = client.consumer(definition);
  const run = consumer.run(onOrder);
  const passing = async (until: () => boolean): Promise<void> => {
    while (!until()) {
      await onTheWire(REAL_BEAT_MS);
      await emulator.clock.advance(STEP_MS);
      await clock.advance(STEP_MS);
    }
  };
  await passing(() => tracer.handled === SENT.length);
  let isClosed = false;
  void consumer.close().then(() => (isClosed = true));
  await passing(() => isClosed);
  await run;
  return await tracer.trace(plain, definition, isOrdered);
}

async function asEndpoint(
  make: MakeEndpoint,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
): Promise<Trace> {
  const tracer = new Tracer();
  const serve = make(definition, tracer.listener);
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await createQueue(isOrdered, `http://127.0.0.1:${port}/`);
  await using client = clientOf();
  await client.producer(definition).sendMany(SENT.map((body) => ({ body })));
  while (tracer.handled < SENT.length) {
    await onTheWire(REAL_BEAT_MS);
    await emulator.clock.advance(STEP_MS);
  }
  const trace = await tracer.trace(client, definition, isOrdered);
  server.close();
  server.closeAllConnections();
  return trace;
}

function verified(): Parameters<typeof pushRequests>[0] {
  return {
    audience: AUDIENCE,
    serviceAccount: SERVICE_ACCOUNT,
    keys: `${emulator.endpoints.control}/__anyqueue/pubsub/jwks`,
    calls: calls(),
  };
}

function calls(): ReturnType<typeof pubsubCalls> {
  return pubsubCalls({ deadLetterTopic: "orders-dead", endpoint: emulator.endpoints.pubsub });
}

const asNodeServer: MakeEndpoint = (definition, listener) =>
  createHandler(definition, nodePushRequests(verified()), onOrder, { listener });

const asFetchServer: MakeEndpoint = (definition, listener) => {
  const handler = createHandler(definition, pushRequests(verified()), onOrder, { listener });
  return async (request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const answer = await handler(
      new Request("http://127.0.0.1/", { method: "POST", headers, body: await bodyOf(request) }),
    );
    response.writeHead(answer.status).end(await answer.text());
  };
};

/** The trigger of a function: it takes the push, and calls with a CloudEvent, which has no delivery attempt. */
const asCloudEventFunction: MakeEndpoint = (definition, listener) => {
  const source = pubsubEvents({ trustPlatform: true, calls: calls() });
  const handler = createHandler(definition, source, onOrder, { listener });
  return async (request, response) => {
    const envelope: PushedEnvelope = JSON.parse(await bodyOf(request));
    const { deliveryAttempt: _, ...data } = envelope;
    const event = { type: "google.cloud.pubsub.topic.v1.messagePublished", data };
    await handler(event).then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    );
  };
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe.each([
  ["with ordering keys", orders as unknown as QueueDefinition<Order>, true],
  ["without order", unorderedOrders, false],
])("one handler, %s, leaves the same trace as a worker in memory", (_what, definition, isOrdered) => {
  let memory: Trace;

  beforeAll(async () => {
    memory = await asMemoryWorker(definition, isOrdered);
    expect(memory.dead).toHaveLength(6);
    expect(memory.runs["a"]).toContain("a-4 attempt 2: ack");
  });

  test("as a worker on Pub/Sub", async () => {
    expect(await asPubsubWorker(definition, isOrdered)).toEqual(memory);
  });

  test.each([
    ["a push endpoint of node:http", asNodeServer],
    ["a fetch-style push endpoint", asFetchServer],
    ["a CloudEvent function", asCloudEventFunction],
  ])("as %s", async (_name, make) => {
    expect(await asEndpoint(make, definition, isOrdered)).toEqual(memory);
  });
});
