import { setTimeout as sleep } from "node:timers/promises";
import type {
  ConsumerDriver,
  OutgoingMessage,
  ProducerDriver,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { opened } from "../../emulator/test/support/opened.ts";
import { AmqpTap } from "./amqp-tap.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  queueOf,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  sessionQueueOf,
  until,
  valuesOf,
} from "./open-adapter.ts";

/** Longer than any step takes here, and far below the minute that the SDK waits. */
const SOON_MS = 10_000;

let emulator: Emulator;
let adapter: QueueAdapter;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  const endpoint = emulator.endpoints.serviceBus ?? "";
  adapter = openAdapter(endpoint);
  const admin = rawAdministration(endpoint);
  await admin.createQueue("orders", { lockDuration: "PT5M" });
  await admin.createQueue("others", { lockDuration: "PT5M" });
  await admin.createQueue("keyed", { lockDuration: "PT5M", requiresSession: true });
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await adapter.close();
  await emulator.close();
});

/** Makes the connection die instead of answering the next such request. */
function cutAt(operation: string, queue?: string): void {
  emulator.faults.add({
    protocol: "service-bus",
    operation,
    queue,
    when: "before",
    count: 1,
    action: { kind: "reset" },
  });
}

function producerOf(name: string) {
  const producer = adapter.openProducer(queueOf(adapter, name));
  open.push(producer);
  return producer;
}

async function consume(target: Target, mode: "stream" | "pull" = "stream"): Promise<ConsumerDriver<unknown>> {
  const consumer = adapter.openConsumer(target, consumerOptions({ mode }));
  open.push(consumer);
  await consumer.open?.(never);
  return consumer;
}

async function send(
  producer: ProducerDriver,
  id: string,
  more: Partial<OutgoingMessage> = {},
): Promise<void> {
  valuesOf(await producer.sendBatch([outgoing(id, more)], never));
}

/** Returns how long the work took, in milliseconds. */
async function msOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

// The SDK asks for a token with its own timeout of a minute, while it holds the lock of the link (7.9.5). Its
// recovery of the connection waits for that lock: meanwhile no link of the client opens.
describe("trap: a socket that dies while a token is asked for", () => {
  test("holds up every link of the raw SDK's client until the minute is over", async () => {
    const client = rawClient(emulator.endpoints.serviceBus ?? "", 1_000);
    const orders = await opened(client.createSender("orders"));
    await orders.sendMessages({ body: "first" });
    cutAt("putToken");
    await rejection(client.createSender("others").sendMessages({ body: "lost" }));
    expect(await rejection(orders.sendMessages({ body: "second" }))).toMatchObject({
      code: "ServiceTimeout",
    });
    // Not awaited, because it takes the rest of the minute.
    void client.close().catch(() => {});
  });

  test("does not hold up the adapter's producers", async () => {
    const first = producerOf("orders");
    await send(first, "first");
    cutAt("putToken");
    const [lost] = await producerOf("others").sendBatch([outgoing("lost")], never);
    expect(lost?.ok).toBe(false);
    expect(await msOf(send(first, "second"))).toBeLessThan(SOON_MS);
  });

  test("does not hold up a stream that was being resumed", async () => {
    const producer = producerOf("orders");
    const consumer = await consume(queueOf(adapter));
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 10 }, never);
    cutAt("putToken");
    await consumer.setFlow?.({ maxOutstanding: 10, lanes: 10 }, never);
    await until(() => emulator.faults.list().every(({ fired }) => fired > 0));
    expect(await msOf(receiveNext(producer, consumer, "after"))).toBeLessThan(SOON_MS);
  });

  test("does not hold up a stream whose first link was being opened", async () => {
    const producer = producerOf("orders");
    await send(producer, "before");
    cutAt("putToken");
    const consumer = adapter.openConsumer(queueOf(adapter), consumerOptions());
    open.push(consumer);
    await rejection(consumer.open?.(never));
    expect(await msOf(Promise.resolve(consumer.open?.(never)))).toBeLessThan(SOON_MS);
    expect(await msOf(receive(consumer, 1))).toBeLessThan(SOON_MS);
  });

  test("does not hold up renewals over a connection that is new", async () => {
    const producer = producerOf("orders");
    const consumer = await consume(queueOf(adapter));
    await send(producer, "one");
    const [delivery] = await receive(consumer, 1);
    cutAt("send");
    await producer.sendBatch([outgoing("cut")], never);
    cutAt("putToken", "orders/$management");
    expect(await msOf(renewUntilItWorks(consumer, delivery?.handle))).toBeLessThan(SOON_MS);
    expect(emulator.faults.list().every(({ fired }) => fired > 0)).toBe(true);
  });

  test("does not hold up asks for single messages", async () => {
    const producer = producerOf("orders");
    const consumer = await consume(queueOf(adapter), "pull");
    cutAt("putToken");
    await rejection(receive(consumer, 1));
    expect(await msOf(receiveNext(producer, consumer, "after"))).toBeLessThan(SOON_MS);
  });

  test("does not hold up sessions", async () => {
    cutAt("putToken");
    const consumer = adapter.openConsumer(sessionQueueOf(adapter, "keyed"), consumerOptions());
    open.push(consumer);
    await rejection(consumer.open?.(never));
    expect(await msOf(Promise.resolve(consumer.open?.(never)))).toBeLessThan(SOON_MS);
    const producer = adapter.openProducer(sessionQueueOf(adapter, "keyed"));
    open.push(producer);
    expect(await msOf(receiveNext(producer, consumer, "after", { orderingKey: "a" }))).toBeLessThan(SOON_MS);
  });
});

// An abort at that moment closes half of the connection, and nobody opens another one (rhea-promise 3.0.3).
describe("trap: a link that is given up while the shared connection opens", () => {
  let server: AmqpTap;

  beforeEach(async () => {
    server = await AmqpTap.start(emulator.endpoints.serviceBus ?? "");
  });

  afterEach(() => server.close());

  test("takes every other link of the raw SDK's client with it", async () => {
    const client = rawClient(server.endpoint, 1_000);
    const ending = new AbortController();
    const handlers = { processMessage: async () => {}, processError: async () => {} };
    client.createReceiver("orders").subscribe(handlers, { abortSignal: ending.signal });
    await until(() => server.sockets.size === 1);
    ending.abort();
    expect(await rejection(client.createSender("orders").sendMessages({ body: "x" }))).toBeDefined();
    void client.close().catch(() => {});
  });

  test("is no matter to the adapter's other producers and consumers", async () => {
    const own = openAdapter(server.endpoint);
    const consumer = own.openConsumer(queueOf(own), consumerOptions());
    const opening = consumer.open?.(never)?.catch(() => {});
    await until(() => server.sockets.size === 1);
    const closing = consumer.close();
    const producer = own.openProducer(queueOf(own));
    expect(await msOf(send(producer, "one"))).toBeLessThan(SOON_MS);
    expect(await msOf(Promise.all([opening, closing]))).toBeLessThan(SOON_MS);
    await own.close();
  });
});

// The SDK notices the end of the link, but does not tell callers that wait for an answer on it (7.9.5).
describe("trap: a link that is detached while a settlement is under way", () => {
  beforeEach(() => {
    emulator.faults.add({
      protocol: "service-bus",
      operation: "deadLetter",
      when: "before",
      count: 1,
      action: { kind: "detach", condition: "amqp:internal-error" },
    });
  });

  test("leaves a session's settlement of the raw SDK waiting, beyond the timeout that the client was given", async () => {
    const client = rawClient(emulator.endpoints.serviceBus ?? "", 1_000);
    const sender = await opened(client.createSender("keyed"));
    await sender.sendMessages({ body: "a", sessionId: "a" });
    const session = await client.acceptNextSession("keyed");
    const [message] = await session.receiveMessages(1);
    if (message === undefined) throw new Error("nothing came");
    const settled = session.deadLetterMessage(message).then(
      () => "settled",
      () => "failed",
    );
    await until(() => session.isClosed);
    expect(await Promise.race([settled, sleep(1_500, "waiting")])).toBe("waiting");
    void client.close().catch(() => {});
  });

  test("ends a session's settlement at once, and not those of other sessions in its batch", async () => {
    const producer = adapter.openProducer(sessionQueueOf(adapter, "keyed"));
    open.push(producer);
    for (const key of ["a", "b"]) await send(producer, key, { orderingKey: key });
    const consumer = await consume(sessionQueueOf(adapter, "keyed"));
    const deliveries = await receive(consumer, 2);
    const items = deliveries.map(({ handle }) => ({ handle, reason: "bad", attributes: {} }));
    const startedAt = performance.now();
    const results = (await consumer.deadLetterBatch?.(items, never)) ?? [];
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const failed = results.find((result) => !result.ok);
    expect(adapter.classify(failed?.ok === false ? failed.error : undefined, "deadLetter")).toMatchObject({
      code: "CONNECTION_LOST",
      ambiguous: true,
    });
  });

  test("ends a settlement without a session at once, and its repetition settles", async () => {
    const producer = producerOf("orders");
    await send(producer, "one");
    const consumer = await consume(queueOf(adapter));
    const [delivery] = await receive(consumer, 1);
    const items = [{ handle: delivery?.handle, reason: "bad", attributes: {} }];
    const startedAt = performance.now();
    const [first] = (await consumer.deadLetterBatch?.(items, never)) ?? [];
    expect(first?.ok).toBe(false);
    valuesOf((await consumer.deadLetterBatch?.(items, never)) ?? []);
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
  });
});

/** Sends until the send is confirmed, and receives until the message is there. */
async function receiveNext(
  producer: ProducerDriver,
  consumer: ConsumerDriver<unknown>,
  id: string,
  more: Partial<OutgoingMessage> = {},
): Promise<void> {
  for (let isSent = false; !isSent;) {
    const [result] = await producer.sendBatch([outgoing(id, more)], never);
    isSent = result?.ok === true;
  }
  for (let count = 0; count === 0;) {
    const ask = { maxItems: 1, waitMs: 1_000 };
    count = (await consumer.receiveBatch(ask, never).catch(() => [])).length;
  }
}

async function renewUntilItWorks(consumer: ConsumerDriver<unknown>, handle: unknown): Promise<void> {
  for (let isRenewed = false; !isRenewed;) {
    const [result] = (await consumer.extendBatch?.([{ handle, leaseMs: 60_000 }], never)) ?? [];
    isRenewed = result?.ok === true;
  }
}
