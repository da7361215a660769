import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { setTimeout as onTheWire } from "node:timers/promises";
import { createClient, defineQueue, unchecked, type Handler, type QueueDefinition } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { createHandler } from "@anyqueue/serverless";
import { PubSub, type CreateSubscriptionOptions } from "@google-cloud/pubsub";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { pubsub, pubsubCalls } from "../../src/index.ts";
import { nodePushRequests, type PushOptions } from "../../src/push.ts";
import { pubsubEvent } from "../../src/testing.ts";
import { startFunctionsHost, type FunctionsHost } from "./functions-host.ts";

interface Order {
  readonly number: number;
  readonly fate: "fine" | "fails-once";
}

const PROJECT = "p";
const AUDIENCE = "https://example.com/orders";
const SERVICE_ACCOUNT = "push@p.iam.gserviceaccount.com";
const OIDC = { serviceAccountEmail: SERVICE_ACCOUNT, audience: AUDIENCE };
const REAL_BEAT_MS = 5;

const orders = defineQueue("orders", {
  schema: unchecked<Order>(),
  id: ({ number }: Order) => `order-${number}`,
  retry: { attempts: 3 },
});
const keyedOrders = defineQueue("orders", {
  schema: unchecked<Order>(),
  orderingKey: ({ number }: Order) => `key-${number % 3}`,
  retry: { attempts: 5 },
});

let emulator: Emulator;
let sdk: PubSub;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  sdk = new PubSub({
    projectId: PROJECT,
    apiEndpoint: emulator.endpoints.pubsub ?? "",
    emulatorMode: true,
    clientOptions: { universeDomain: "googleapis.com" },
  });
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  emulator.reset();
});

afterAll(async () => {
  await sdk.close();
  await emulator.close();
});

function keysUrl(): string {
  return `${emulator.endpoints.control}/__anyqueue/pubsub/jwks`;
}

function verified(over: Partial<PushOptions> = {}): PushOptions {
  return { audience: AUDIENCE, serviceAccount: SERVICE_ACCOUNT, keys: keysUrl(), ...over } as PushOptions;
}

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void handler(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

/** Makes a topic and a push subscription with Google's own client, and a topic for their dead letters. */
async function subscribe(options: CreateSubscriptionOptions): Promise<void> {
  const [topic] = await sdk.createTopic("orders");
  const [dead] = await sdk.createTopic("orders-dead");
  await dead.createSubscription("orders-dead");
  await topic.createSubscription("orders", {
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 100 },
    ...options,
  });
}

async function send(
  definition: QueueDefinition<Order>,
  count: number,
  fate: (number: number) => Order["fate"],
): Promise<void> {
  const client = createClient(`pubsub://${PROJECT}?endpoint=${emulator.endpoints.pubsub}`, [pubsub()]);
  const bodies = Array.from({ length: count }, (_, number) => ({ body: { number, fate: fate(number) } }));
  await client.producer(definition).sendMany(bodies);
  await client.close();
}

function left(name = "orders"): number {
  const found = emulator.pubsub
    .subscriptions()
    .find((subscription) => subscription.name.endsWith(`/${name}`));
  return found?.messages.length ?? 0;
}

/**
 * Waits, and moves the emulator's clock: pushes that failed are delayed by it. It stands while a push has no answer,
 * whose deadline would be over before a busy machine gives one.
 */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await onTheWire(REAL_BEAT_MS);
    const isPushing = emulator.pubsub.subscriptions().some(({ outstanding }) => outstanding > 0);
    if (!isPushing) await emulator.clock.advance(100);
  }
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number);

test.each([
  ["wrapped", undefined],
  ["unwrapped", { writeMetadata: true }],
])(
  "signed pushes, %s: what is sent is handled, what fails comes again and is counted, what dies is moved",
  async (_form, noWrapper) => {
    const runs = new Map<number, number[]>();
    const handler: Handler<Order> = ({ body: { number, fate } }, { attempt }) => {
      runs.set(number, [...(runs.get(number) ?? []), attempt]);
      if (number === 7) throw new Error("always");
      if (fate === "fails-once" && attempt === 1) throw new Error("down");
    };
    const calls = pubsubCalls({ deadLetterTopic: "orders-dead", endpoint: emulator.endpoints.pubsub });
    const pushEndpoint = await serve(createHandler(orders, nodePushRequests(verified({ calls })), handler));
    await subscribe({
      pushConfig: { pushEndpoint, oidcToken: OIDC, ...(noWrapper !== undefined && { noWrapper }) },
    });
    await send(orders, 40, (number) => (number % 10 === 3 ? "fails-once" : "fine"));
    await until(() => left() === 0);
    expect([...runs.keys()].toSorted((a, b) => a - b)).toEqual(numbers(40));
    for (const [number, attempts] of runs) {
      const expected = number === 7 ? [1, 2, 3] : number % 10 === 3 ? [1, 2] : [1];
      expect([number, attempts]).toEqual([number, expected]);
    }
    expect(left("orders-dead")).toBe(1);
  },
);

test("pushes with a token of another account are not handled, and stay in the subscription", async () => {
  const refused: unknown[] = [];
  const handled: unknown[] = [];
  const handler = createHandler(orders, nodePushRequests(verified()), (message) => handled.push(message), {
    listener: { "event-refused": ({ error }) => void refused.push(error) },
  });
  const oidcToken = { ...OIDC, serviceAccountEmail: "other@p.iam.gserviceaccount.com" };
  await subscribe({ pushConfig: { pushEndpoint: await serve(handler), oidcToken } });
  await send(orders, 1, () => "fine");
  await until(() => refused.length >= 2);
  expect(refused[0]).toMatchObject({ code: "ACCESS_DENIED" });
  expect([handled, left()]).toEqual([[], 1]);
});

test("a key is handled in order, whatever fails", async () => {
  const seen: string[] = [];
  const handler: Handler<Order> = ({ body, orderingKey }, { attempt }) => {
    if (body.fate === "fails-once" && attempt === 1) throw new Error("down");
    seen.push(`${orderingKey} ${body.number}`);
  };
  const pushEndpoint = await serve(createHandler(keyedOrders, nodePushRequests(verified()), handler));
  await subscribe({ pushConfig: { pushEndpoint, oidcToken: OIDC }, enableMessageOrdering: true });
  await send(keyedOrders, 30, (number) => (number % 7 === 0 ? "fails-once" : "fine"));
  await until(() => left() === 0);
  for (const key of [0, 1, 2]) {
    const expected = numbers(30).filter((number) => number % 3 === key);
    expect(seen.filter((line) => line.startsWith(`key-${key} `))).toEqual(
      expected.map((number) => `key-${key} ${number}`),
    );
  }
});

test("an answer that comes too late is not heard: the message comes again and is answered without its handler", async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let runs = 0;
  const acked: string[] = [];
  const handler = createHandler(
    orders,
    nodePushRequests(verified({ ackDeadline: "600s" })),
    async () => {
      runs += 1;
      begun.resolve();
      await gate.promise;
    },
    { listener: { "redelivery-acked": ({ id }) => void acked.push(id) } },
  );
  await subscribe({
    pushConfig: { pushEndpoint: await serve(handler), oidcToken: OIDC },
    ackDeadlineSeconds: 10,
  });
  await send(orders, 1, () => "fine");
  await begun.promise;
  // The emulator gives up on the first push and makes another, which waits for the handler.
  await emulator.clock.advance(11_000);
  await until(() => emulator.log.entries().filter(({ operation }) => operation === "Push").length >= 2);
  gate.resolve();
  await until(() => left() === 0);
  expect([runs, acked]).toEqual([1, ["order-0"]]);
});

test("Google's functions framework: an http function takes signed pushes, and its own parsing of bodies", async () => {
  const host = await startFunctionsHost("push", {
    PUSH_AUDIENCE: AUDIENCE,
    PUSH_ACCOUNT: SERVICE_ACCOUNT,
    PUSH_KEYS: keysUrl(),
  });
  closers.push(async () => await host.stop());
  await subscribe({ pushConfig: { pushEndpoint: host.url, oidcToken: OIDC } });
  await send(orders, 30, (number) => (number % 10 === 3 ? "fails-once" : "fine"));
  await until(() => left() === 0);
  expect(handledBy(host)).toEqual(numbers(30));
  const strange = await fetch(host.url, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  expect(strange.status).toBe(401);
});

test("Google's functions framework: a cloudevent function takes the events of a trigger, and fails by its answer", async () => {
  const host = await startFunctionsHost("event", {
    PUSH_AUDIENCE: "a",
    PUSH_ACCOUNT: "b",
    PUSH_KEYS: keysUrl(),
  });
  closers.push(async () => await host.stop());
  const call = async (number: number, fate: Order["fate"]): Promise<number> => {
    const event = pubsubEvent(orders, { body: { number, fate }, messageId: String(number) });
    const { data, type, id, source, specversion, time } = event;
    const headers = {
      "ce-type": type,
      "ce-id": id,
      "ce-source": source,
      "ce-specversion": specversion,
      "ce-time": time,
    };
    const response = await fetch(host.url, {
      method: "POST",
      body: JSON.stringify(data),
      headers: { ...headers, "content-type": "application/json" },
    });
    return response.status;
  };
  expect(await call(1, "fine")).toBe(204);
  expect(await call(2, "fails-once")).toBe(500);
  expect(await call(2, "fails-once")).toBe(204);
  expect(await call(2, "fails-once")).toBe(204);
  expect(handledBy(host)).toEqual([1, 2]);
});

function handledBy({ journal }: FunctionsHost): readonly number[] {
  const lines = journal.filter((line) => line.startsWith("order "));
  return lines.map((line) => Number(line.slice("order ".length))).toSorted((a, b) => a - b);
}
