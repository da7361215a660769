import { once } from "node:events";
import { createServer } from "node:http";
import {
  createClient,
  deadLetters,
  type EventListener,
  type QueueClient,
  type QueueDefinition,
} from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { createHandler } from "@anyqueue/serverless";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  onOrder,
  orders,
  unorderedOrders,
  type Order,
} from "../../../serverless/test/one-handler/order-handler.ts";
import {
  asMemoryWorker,
  DEAD,
  passing,
  runWorker,
  sendAll,
  Tracer,
  type Trace,
} from "../../../serverless/test/one-handler/trace.ts";
import { pubsub, pubsubCalls } from "../../src/index.ts";
import { nodePushRequests, pubsubEvents, pushRequests } from "../../src/push.ts";
import { eventEndpoint, fetchEndpoint, type Endpoint } from "../push/push-endpoints.ts";

const PROJECT = "p";
const AUDIENCE = "https://example.com/orders";
const SERVICE_ACCOUNT = "push@p.iam.gserviceaccount.com";

type MakeEndpoint = (definition: QueueDefinition<Order>, listener: EventListener) => Endpoint;

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
  await sendAll(plain, definition);
  await using client = clientOf(tracer.listener, clock);
  await runWorker(client, definition, tracer, async (ms) => {
    await emulator.clock.advance(ms);
    await clock.advance(ms);
  });
  return await tracer.trace(plain, deadLetters(definition), isOrdered);
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
  await sendAll(client, definition);
  await passing(
    () => tracer.isDone,
    async (ms) => {
      // Time stands while a push has no answer: its deadline would be over before a busy machine gives one.
      const isPushing = emulator.pubsub.subscriptions().some(({ outstanding }) => outstanding > 0);
      if (!isPushing) await emulator.clock.advance(ms);
    },
  );
  const trace = await tracer.trace(client, deadLetters(definition), isOrdered);
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

const asFetchServer: MakeEndpoint = (definition, listener) =>
  fetchEndpoint(createHandler(definition, pushRequests(verified()), onOrder, { listener }));

const asCloudEventFunction: MakeEndpoint = (definition, listener) => {
  const source = pubsubEvents({ trustPlatform: true, calls: calls() });
  return eventEndpoint(createHandler(definition, source, onOrder, { listener }));
};

describe.each([
  ["with ordering keys", orders as unknown as QueueDefinition<Order>, true],
  ["without order", unorderedOrders, false],
])("one handler, %s, leaves the same trace as a worker in memory", (_what, definition, isOrdered) => {
  let memory: Trace;

  beforeAll(async () => {
    memory = await asMemoryWorker(definition, isOrdered);
    expect(memory.dead).toHaveLength(DEAD);
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
