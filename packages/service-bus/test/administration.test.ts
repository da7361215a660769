import { createClient, defineTopic } from "@anyqueue/core";
import type { AdminDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serviceBus, type SubscriptionRule } from "../src/index.ts";
import {
  adminOf,
  bury,
  consumerOptions,
  deadLettersOf,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";

let emulator: Emulator;
let endpoint: string;
let adapter: QueueAdapter;
let admin: AdminDriver;
let raw: ServiceBusAdministrationClient;
let names = 0;

const LARGE: readonly SubscriptionRule[] = [
  { name: "large", sql: "total > 100", action: "SET size = 'large'" },
  { name: "urgent", correlation: { applicationProperties: { urgent: "yes" } } },
];

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  endpoint = emulator.endpoints.serviceBus ?? "";
  adapter = openAdapter(endpoint, { options: { rules: { "events/large": LARGE } } });
  admin = await adminOf(adapter);
  raw = rawAdministration(endpoint);
});

afterAll(async () => {
  await admin.close();
  await adapter.close();
  await emulator.close();
});

function newName(): string {
  names += 1;
  return `admin-${names}`;
}

function subscription(name: string, topic = "events"): Target {
  return adapter.resolve({ kind: "subscription", topic, name, features: [] });
}

async function send(target: Target, count: number, key?: string): Promise<void> {
  const producer = adapter.openProducer(target);
  const messages = Array.from({ length: count }, (_, index) =>
    outgoing(`m${index}`, key === undefined ? {} : { orderingKey: `${key}${index % 3}` }),
  );
  valuesOf(await producer.sendBatch(messages, never));
  await producer.close();
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return adapter.classify(await rejection(work), "admin").code;
}

async function readyIn(target: Target): Promise<number | undefined> {
  return (await admin.inspect(target, never)).ready;
}

describe("create", () => {
  test("makes a queue with its lock, its limit of deliveries, sessions and duplicate detection", async () => {
    const name = newName();
    const target = adapter.resolve({ kind: "queue", name, features: ["ordering", "deduplication"] });
    const options = { leaseMs: 30_000, maxDeliveries: 7, deadLetter: deadLettersOf(adapter, target) };
    await admin.create(deadLettersOf(adapter, target), {}, never);
    await admin.create(target, options, never);
    expect(await raw.getQueue(name)).toMatchObject({
      lockDuration: "PT30S",
      maxDeliveryCount: 7,
      requiresSession: true,
      requiresDuplicateDetection: true,
    });
    await admin.create(target, options, never);
  });

  test("changes nothing about a queue that exists with other settings", async () => {
    const target = queueOf(adapter, newName());
    await admin.create(target, { leaseMs: 30_000 }, never);
    expect(await codeOf(admin.create(target, { leaseMs: 60_000 }, never))).toBe("ALREADY_EXISTS");
    expect(
      await codeOf(admin.create(sessionQueueOf(adapter, target.entity), { leaseMs: 30_000 }, never)),
    ).toBe("ALREADY_EXISTS");
    expect((await raw.getQueue(target.entity)).lockDuration).toBe("PT30S");
  });

  test("keeps to the lock that the service can have, and dead-letters as late as it can where nobody asks", async () => {
    const target = queueOf(adapter, newName());
    await admin.create(target, { leaseMs: 3_600_000 }, never);
    expect(await raw.getQueue(target.entity)).toMatchObject({
      lockDuration: "PT5M",
      maxDeliveryCount: 2_000,
    });
  });

  test("gives a subscription its rules, and nothing that lets everything pass", async () => {
    await admin.create(adapter.resolve({ kind: "topic", name: "events", features: [] }), {}, never);
    await admin.create(subscription("all"), {}, never);
    await admin.create(subscription("large"), {}, never);
    await admin.create(subscription("large"), {}, never);
    const producer = rawClient(endpoint).createSender("events");
    await producer.sendMessages([
      { body: "a", messageId: "small", applicationProperties: { total: 5 } },
      { body: "b", messageId: "big", applicationProperties: { total: 500 } },
      { body: "c", messageId: "quick", applicationProperties: { total: 5, urgent: "yes" } },
    ]);
    const consumer = adapter.openConsumer(subscription("large"), consumerOptions());
    await consumer.open?.(never);
    const deliveries = await receive(consumer, 2);
    expect(deliveries.map(({ id, attributes }) => [id, attributes["size"]])).toEqual([
      ["big", "large"],
      ["quick", undefined],
    ]);
    await consumer.close();
    expect(await readyIn(subscription("all"))).toBe(3);
  });

  test("finds a subscription's rules by the definition's name, whatever the prefix of the environment", async () => {
    const client = createClient({ url: `service-bus://emulator?endpoint=${endpoint}`, prefix: "dev-" }, [
      serviceBus({ rules: { "events/large": LARGE } }),
    ]);
    await client.admin.create(defineTopic("events").subscription("large"));
    await client.close();
    const names: string[] = [];
    for await (const { name } of raw.listRules("dev-events", "large")) names.push(name);
    expect(names).toEqual(["large", "urgent"]);
  });

  test("leaves no subscription behind that has only some of its rules", async () => {
    const rules = [
      { name: "large", sql: "total > 100" },
      { name: "wrong", sql: "total >" },
    ];
    const own = openAdapter(endpoint, { options: { rules: { "events/partial": rules } } });
    const target = own.resolve({ kind: "subscription", topic: "events", name: "partial", features: [] });
    const error = await rejection((await adminOf(own)).create(target, {}, never));
    expect(own.classify(error, "admin").code).toBe("INVALID_ARGUMENT");
    expect(await raw.subscriptionExists("events", "partial")).toBe(false);
    await own.close();
  });

  test("refuses to leave a subscription with other rules than those that were asked for", async () => {
    await raw.createRule("events", "large", "more", { sqlExpression: "1=1" });
    expect(await codeOf(admin.create(subscription("large"), {}, never))).toBe("ALREADY_EXISTS");
  });
});

test("list names queues, topics and subscriptions with the prefix", async () => {
  const name = newName();
  await raw.createQueue(`${name}-queue`);
  await raw.createTopic(`${name}-topic`);
  await raw.createSubscription(`${name}-topic`, "one");
  expect(await admin.list(name, never)).toEqual([
    `${name}-queue`,
    `${name}-topic`,
    `${name}-topic/Subscriptions/one`,
  ]);
});

test("delete removes the entity; its dead letters cannot go without it", async () => {
  const target = queueOf(adapter, newName());
  await admin.create(target, {}, never);
  expect(await codeOf(admin.delete(deadLettersOf(adapter, target), never))).toBe("UNSUPPORTED");
  await admin.delete(target, never);
  expect(await raw.queueExists(target.entity)).toBe(false);
  expect(await codeOf(admin.inspect(target, never))).toBe("NOT_FOUND");
});

describe("purge", () => {
  test("removes ready, scheduled and deferred messages", async () => {
    const target = queueOf(adapter, newName());
    await admin.create(target, {}, never);
    const client = rawClient(endpoint);
    const sender = client.createSender(target.entity);
    await sender.scheduleMessages([{ body: "later" }], new Date(Date.now() + 3_600_000));
    await sender.sendMessages({ body: "deferred" });
    const receiver = client.createReceiver(target.entity);
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    await receiver.deferMessage(present(message));
    await client.close();
    await send(target, 10);
    await admin.purge(target, never);
    const entity = emulator.serviceBus.entities().find(({ path }) => path === target.entity);
    expect(entity?.messages).toEqual([]);
  });

  test("goes through every session", async () => {
    const target = sessionQueueOf(adapter, newName());
    await admin.create(target, {}, never);
    await send(target, 9, "s");
    await admin.purge(target, never);
    expect(await readyIn(target)).toBe(0);
  });

  test("removes what is deferred in a session, and leaves a session that somebody holds", async () => {
    const target = sessionQueueOf(adapter, newName());
    await admin.create(target, {}, never);
    await send(target, 3, "s");
    const client = rawClient(endpoint);
    const held = await client.acceptSession(target.entity, "s1");
    for (const session of [await client.acceptSession(target.entity, "s0"), held]) {
      const [message] = await session.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
      await session.deferMessage(present(message));
      if (session !== held) await session.close();
    }
    await admin.purge(target, never);
    const entity = emulator.serviceBus.entities().find(({ path }) => path === target.entity);
    expect(new Set(entity?.messages.map(({ sessionId }) => sessionId))).toEqual(new Set(["s1"]));
    await client.close();
  });

  test("fails if a session's messages cannot be read in time: they are still there", async () => {
    const target = sessionQueueOf(adapter, newName());
    await admin.create(target, {}, never);
    await send(target, 2, "s");
    // After two looks for hidden messages and one for any.
    const action = { kind: "error", condition: "com.microsoft:timeout" } as const;
    emulator.faults.add({ protocol: "service-bus", operation: "peek", skip: 3, action });
    const failed = await codeOf(admin.purge(target, never));
    emulator.faults.clear();
    expect(failed).toBe("TIMEOUT");
    expect(await readyIn(target)).toBe(2);
  });

  test("of dead letters leaves the queue alone", async () => {
    const target = queueOf(adapter, newName());
    await admin.create(target, {}, never);
    await send(target, 2);
    await bury(adapter, target, 2);
    await send(target, 1);
    expect(await readyIn(deadLettersOf(adapter, target))).toBe(2);
    await admin.purge(deadLettersOf(adapter, target), never);
    expect([await readyIn(target), await readyIn(deadLettersOf(adapter, target))]).toEqual([1, 0]);
  });
});
