import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { ConsumerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  valuesOf,
  until,
} from "./open-adapter.ts";

// @azure/service-bus 7.9.5 keeps its renewal timers by message id. The plain SDK springs each trap first.

let emulator: Emulator;
let endpoint: string;
let adapter: QueueAdapter;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  endpoint = emulator.endpoints.serviceBus ?? "";
  adapter = openAdapter(endpoint);
  await rawAdministration(endpoint).createQueue("orders", { lockDuration: "PT5M" });
});

afterEach(async () => {
  emulator.faults.clear();
  for (const each of open.splice(0)) await each.close();
  await adapter.close();
  await emulator.close();
});

/** Makes the SDK believe that locks end in a moment, so that it renews them at once. */
function hurryRenewals(): void {
  const skewMs = -299_800;
  emulator.faults.add({
    protocol: "service-bus",
    operation: "receive",
    action: { kind: "clockSkew", skewMs },
  });
}

async function rawReceiver(...ids: readonly string[]) {
  const client = rawClient(endpoint);
  open.push(client);
  const sender = client.createSender("orders");
  const send = async (messageId: string): Promise<void> =>
    await sender.sendMessages({ body: "x", messageId });
  for (const id of ids) await send(id);
  const receiver = client.createReceiver("orders");
  const held: ServiceBusReceivedMessage[] = [];
  const subscription = receiver.subscribe(
    {
      processMessage: async (message) => {
        held.push(message);
        await new Promise(() => {});
      },
      processError: async () => undefined,
    },
    { autoCompleteMessages: false, maxConcurrentCalls: 10 },
  );
  open.push(subscription);
  await until(() => held.length === ids.length);
  return { receiver, held, send };
}

async function consume(): Promise<ConsumerDriver<unknown>> {
  const consumer = adapter.openConsumer(queueOf(adapter), consumerOptions());
  open.push(consumer);
  await consumer.open?.(never);
  return consumer;
}

describe("two messages with one id in flight", () => {
  test("trap: the SDK forgets to renew the one when the other is completed", async () => {
    hurryRenewals();
    const { receiver, held, send } = await rawReceiver("twin", "twin");
    await receiver.completeMessage(present(held[0]));
    const renewals = (): number =>
      emulator.log.entries().filter((call) => call.operation === "renewLock" && call.outcome === "ok").length;
    expect(renewals()).toBe(0);
    // The other message's timer would have been due before that of a later message. (The completed message's
    // timer goes off instead, and its renewal is refused.)
    await send("later");
    await until(() => renewals() > 0);
    expect(renewals()).toBe(1);
  });

  test("the adapter renews each by its lock", async () => {
    const producer = adapter.openProducer(queueOf(adapter));
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("twin"), outgoing("twin")], never));
    const consumer = await consume();
    const [first, second] = await receive(consumer, 2);
    valuesOf(await consumer.ackBatch([first?.handle], never));
    const items = [{ handle: second?.handle, leaseMs: 60_000 }];
    const [lease] = valuesOf(present(await consumer.extendBatch?.(items, never)));
    expect(lease?.leaseMs).toBeGreaterThan(290_000);
    valuesOf(await consumer.ackBatch([second?.handle], never));
  });
});

describe("a message without an id", () => {
  /** The emulator gives messages an id, as the service seems to. Other brokers and old messages may not. */
  const withoutId = (message: object): void => void Reflect.deleteProperty(message, "messageId");

  test("trap: the SDK's own renewal fails its settlement", async () => {
    const { receiver, held } = await rawReceiver("one");
    const message = present(held[0]);
    withoutId(message);
    expect(String(await rejection(receiver.completeMessage(message)))).toMatch(/no message ?ID/iu);
  });

  test("the adapter delivers, renews and settles it", async () => {
    const client = rawClient(endpoint);
    open.push(client);
    await client.createSender("orders").sendMessages({ body: Buffer.from("x") });
    const consumer = await consume();
    const [delivery] = await receive(consumer, 1);
    withoutId(delivery?.native as object);
    expect(delivery?.providerId).toMatch(/^\d+$/u);
    valuesOf(present(await consumer.extendBatch?.([{ handle: delivery?.handle, leaseMs: 60_000 }], never)));
    valuesOf(await consumer.ackBatch([delivery?.handle], never));
    expect(emulator.serviceBus.entities()[0]?.messages).toEqual([]);
  });
});

/** How the connection may die while a renewal has no answer. */
const DEATHS = ["reset", "closeConnection"] as const;

test.each(DEATHS)("a renewal without an answer fails when its connection dies (%s)", async (kind) => {
  const producer = adapter.openProducer(queueOf(adapter));
  open.push(producer);
  valuesOf(await producer.sendBatch([outgoing("first"), outgoing("second")], never));
  const consumer = await consume();
  const [first, second] = await receive(consumer, 2);
  valuesOf(present(await consumer.extendBatch?.([{ handle: first?.handle, leaseMs: 60_000 }], never)));
  emulator.faults.add({ protocol: "service-bus", operation: "renewLock", action: { kind: "hold" } });
  emulator.faults.add({ protocol: "service-bus", operation: "complete", action: { kind } });
  const renewing = consumer.extendBatch?.([{ handle: first?.handle, leaseMs: 60_000 }], never);
  await until(() => emulator.log.entries().filter((call) => call.operation === "renewLock").length === 2);
  const [settled] = await consumer.ackBatch([second?.handle], never);
  expect(settled?.ok).toBe(false);
  expect(await renewing).toMatchObject([{ ok: false }]);
});
