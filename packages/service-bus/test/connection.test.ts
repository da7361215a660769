import type { ConsumerDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
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
  valuesOf,
} from "./open-adapter.ts";
import { createShiftedClock } from "./shifted-clock.ts";

/** Far below the timeouts of the SDK, and longer than any step here takes on a busy machine. */
const SOON_MS = 5_000;

let emulator: Emulator;
let tap: AmqpTap;
let adapter: QueueAdapter;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  tap = await AmqpTap.start(emulator.endpoints.serviceBus ?? "");
  adapter = openAdapter(tap.endpoint);
  const admin = rawAdministration(emulator.endpoints.serviceBus ?? "");
  await admin.createQueue("orders", { lockDuration: "PT5M" });
  await admin.createQueue("keyed", { lockDuration: "PT5M", requiresSession: true });
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await adapter.close();
  await tap.close();
  await emulator.close();
});

async function consume(target: Target, options = consumerOptions()): Promise<ConsumerDriver<unknown>> {
  const consumer = adapter.openConsumer(target, options);
  open.push(consumer);
  await consumer.open?.(never);
  return consumer;
}

/** Resolves with the error of a call, and how long the call took to fail. */
async function timed(work: Promise<unknown>): Promise<{ readonly ms: number; readonly error: unknown }> {
  const startedAt = performance.now();
  const error = await rejection(work);
  return { ms: performance.now() - startedAt, error };
}

describe("a socket that dies", () => {
  test("leaves a send of the raw SDK waiting for its whole timeout", async () => {
    const client = rawClient(tap.endpoint, 1_500);
    const sender = await opened(client.createSender("orders"));
    await sender.sendMessages({ body: "first" });
    emulator.faults.add({
      protocol: "service-bus",
      operation: "send",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const { ms } = await timed(sender.sendMessages({ body: "second" }));
    expect(ms).toBeGreaterThan(1_000);
    await client.close();
  });

  test("ends a send of the adapter at once, as one that may have arrived", async () => {
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("first")], never));
    emulator.faults.add({
      protocol: "service-bus",
      operation: "send",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const startedAt = performance.now();
    const [result] = await producer.sendBatch([outgoing("second")], never);
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
    expect(result?.ok).toBe(false);
    const error = result?.ok === false ? result.error : undefined;
    expect(adapter.classify(error, "send")).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
      ambiguous: true,
    });
    valuesOf(await producer.sendBatch([outgoing("third")], never));
  });

  test("ends a settlement at once, and its repetition says what became of it", async () => {
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("one")], never));
    const consumer = await consume(queueOf(adapter));
    const [delivery] = await receive(consumer, 1);
    emulator.faults.add({
      protocol: "service-bus",
      operation: "complete",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const startedAt = performance.now();
    const [lost] = await consumer.ackBatch([delivery?.handle], never);
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
    expect(adapter.classify(lost?.ok === false ? lost.error : undefined, "ack")).toMatchObject({
      code: "CONNECTION_LOST",
      ambiguous: true,
    });
    const [again] = await consumer.ackBatch([delivery?.handle], never);
    expect(adapter.classify(again?.ok === false ? again.error : undefined, "ack").code).toBe("LEASE_LOST");
  });

  test("does not end a consumer: it goes on by itself, and what it held can still be settled", async () => {
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("before")], never));
    const consumer = await consume(queueOf(adapter));
    const [before] = await receive(consumer, 1);
    tap.cut();
    const sent = await sendUntilItWorks(producer);
    expect(sent).toBe(true);
    const [after] = await receive(consumer, 1);
    valuesOf(await consumer.ackBatch([before?.handle, after?.handle], never));
  });

  test("stops no consumer that was full: what it settles makes room, whatever else it has in hand", async () => {
    const clock = createShiftedClock();
    const own = openAdapter(tap.endpoint, { clock });
    const producer = own.openProducer(queueOf(own));
    valuesOf(await producer.sendBatch([outgoing("long"), outgoing("short")], never));
    const flow = { maxOutstanding: 2, lanes: 1 };
    const consumer = own.openConsumer(queueOf(own), consumerOptions({ flow }));
    open.push(consumer, producer, own);
    await consumer.open?.(never);
    const [long, short] = await receive(consumer, 2);
    // The pause between two links is over.
    clock.shift(1_000);
    tap.cut();
    expect(await sendUntilItWorks(producer)).toBe(true);
    valuesOf(await consumer.ackBatch([short?.handle], never));
    // The handler of the first one may run for an hour.
    const [after] = await receive(consumer, 1);
    valuesOf(await consumer.ackBatch([long?.handle, after?.handle], never));
  });

  test("loses nothing of a consumer that takes no more: what it holds is settled over the next one", async () => {
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    const sent = ["one", "two", "three"].map((id) => outgoing(id));
    valuesOf(await producer.sendBatch(sent, never));
    const consumer = await consume(queueOf(adapter));
    const [one, two, three] = (await receive(consumer, 3)).map(({ handle }) => handle);
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    tap.cut();
    expect(await sendUntilItWorks(producer)).toBe(true);
    valuesOf((await consumer.extendBatch?.([{ handle: one, leaseMs: 60_000 }], never)) ?? []);
    valuesOf(await consumer.ackBatch([one], never));
    valuesOf(await consumer.releaseBatch([{ handle: two, delayMs: 0, cause: "retry" }], never));
    valuesOf(
      (await consumer.deadLetterBatch?.([{ handle: three, reason: "bad", attributes: {} }], never)) ?? [],
    );
  });

  test("loses every session at once, and their handlers hear of it", async () => {
    const producer = adapter.openProducer(sessionQueueOf(adapter, "keyed"));
    open.push(producer);
    valuesOf(
      await producer.sendBatch(
        [outgoing("a", { orderingKey: "a" }), outgoing("b", { orderingKey: "b" })],
        never,
      ),
    );
    const options = consumerOptions();
    const consumer = await consume(sessionQueueOf(adapter, "keyed"), options);
    const deliveries = await receive(consumer, 2);
    const cutAt = performance.now();
    tap.cut();
    while (options.lost.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(performance.now() - cutAt).toBeLessThan(SOON_MS);
    expect(options.lost).toEqual(expect.arrayContaining(deliveries.map(({ leaseKey }) => ({ leaseKey }))));
    const results = await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    );
    for (const result of results) {
      expect(adapter.classify(result.ok ? undefined : result.error, "ack").code).toBe("LEASE_LOST");
    }
  });
});

async function sendUntilItWorks(producer: ReturnType<QueueAdapter["openProducer"]>): Promise<boolean> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const [result] = await producer.sendBatch([outgoing("after")], never);
    if (result?.ok === true) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

describe("a connection", () => {
  test("trap: the SDK leaves Nagle's algorithm on, which costs small frames a round trip; ours is off", async () => {
    const endpoint = emulator.endpoints.serviceBus ?? "";
    const sockets: Socket[] = [];
    const watch = (message: unknown): void => {
      sockets.push((message as { readonly socket: Socket }).socket);
    };
    subscribe("net.client.socket", watch);
    onTestFinished(() => void unsubscribe("net.client.socket", watch));
    const setNoDelay = vi.spyOn(Socket.prototype, "setNoDelay");
    const client = rawClient(endpoint);
    await client.createSender("orders").sendMessages({ body: "x" });
    const own = openAdapter(endpoint);
    await own.openProducer(queueOf(own)).open?.(never);
    await Promise.all([client.close(), own.close()]);
    const [ofSdk, ofAdapter] = sockets;
    expect(sockets).toHaveLength(2);
    expect(setNoDelay.mock.contexts).not.toContain(ofSdk);
    expect(setNoDelay.mock.contexts).toContain(ofAdapter);
  });

  test("to nobody fails at once and clearly", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const own = openAdapter(`127.0.0.1:${port}`);
    const { ms, error } = await timed(Promise.resolve(own.openProducer(queueOf(own)).open?.(never)));
    expect(ms).toBeLessThan(SOON_MS);
    expect(own.classify(error, "open")).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    await own.close();
  });

  test("without retries of the SDK's own: its AggregateError is seen only by those who ask for it", async () => {
    const client = rawClient(tap.endpoint);
    emulator.faults.add({ protocol: "service-bus", operation: "send", action: { kind: "throttle" } });
    const { ServiceBusClient } = await import("@azure/service-bus");
    const { connectionString } = await import("./service-bus-harness.ts");
    const retrying = new ServiceBusClient(connectionString(tap.endpoint), {
      retryOptions: { maxRetries: 1, retryDelayInMs: 1 },
    });
    const bare = await rejection(retrying.createSender("orders").sendMessages({ body: "x" }));
    expect(bare).toBeInstanceOf(AggregateError);
    expect(bare).toMatchObject({ message: "" });
    expect(adapter.classify(bare, "send")).toMatchObject({ code: "THROTTLED", retryAfterMs: 2_000 });
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    const before = emulator.log.count("send");
    const [result] = await producer.sendBatch([outgoing("x")], never);
    expect(adapter.classify(result?.ok === false ? result.error : undefined, "send").code).toBe("THROTTLED");
    expect(emulator.log.count("send")).toBe(before + 1);
    await Promise.all([client.close(), retrying.close()]);
  });
});
