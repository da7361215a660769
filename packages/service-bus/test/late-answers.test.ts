import type { ConsumerDriver, ItemResult, QueueAdapter } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  rawAdministration,
  receive,
  sessionQueueOf,
  until,
  valuesOf,
} from "./open-adapter.ts";

let emulator: Emulator;
let adapter: QueueAdapter;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0, clock: "manual" });
  const endpoint = emulator.endpoints.serviceBus ?? "";
  adapter = openAdapter(endpoint);
  await rawAdministration(endpoint).createQueue("orders");
  await rawAdministration(endpoint).createQueue("keyed", { requiresSession: true });
});

afterAll(async () => {
  await adapter.close();
  await emulator.close();
});

type Settle = (
  consumer: ConsumerDriver<unknown>,
  handle: unknown,
  signal: AbortSignal,
) => Promise<readonly ItemResult[] | undefined>;

const complete: Settle = async (consumer, handle, signal) => await consumer.ackBatch([handle], signal);
const abandon: Settle = async (consumer, handle, signal) =>
  await consumer.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], signal);
const deadLetter: Settle = async (consumer, handle, signal) =>
  await consumer.deadLetterBatch?.([{ handle, reason: "bad", attributes: {} }], signal);

// The SDK (7.9.5) refuses to settle what the service has settled, even if that was the same settlement.
test.each([
  ["complete", "orders", complete],
  ["abandon", "orders", abandon],
  ["deadLetter", "orders", deadLetter],
  ["complete", "keyed", complete],
  ["deadLetter", "keyed", deadLetter],
])("a late answer counts: a repeated %s is done, in %s", async (operation, name, settle) => {
  const isKeyed = name === "keyed";
  const target = isKeyed ? sessionQueueOf(adapter, name) : queueOf(adapter, name);
  const producer = adapter.openProducer(target);
  const send = async (id: string): Promise<void> => {
    valuesOf(await producer.sendBatch([outgoing(id, isKeyed ? { orderingKey: operation } : {})], never));
  };
  const consumer = adapter.openConsumer(target, consumerOptions({ flow: { maxOutstanding: 1, lanes: 1 } }));
  await consumer.open?.(never);
  // Only from the second message on does a link complete without the SDK.
  for (const id of ["first", "second"]) {
    await send(id);
    const { handle } = present((await receive(consumer, 1))[0]);
    const delay = { kind: "delay", ms: 200 } as const;
    const settlement = { protocol: "service-bus", operation, queue: name, when: "after", count: 1 } as const;
    const fault = emulator.faults.add({ ...settlement, action: delay });
    const givenUp = new AbortController();
    const settling = settle(consumer, handle, givenUp.signal);
    await until(() => emulator.faults.list().some(({ id: rule, fired }) => rule === fault && fired === 1));
    givenUp.abort();
    expect(await settling).toMatchObject([{ ok: false }]);
    await emulator.clock.advance(200);
    // Its answer comes over the same connection, after the late one.
    await consumer.peekBatch?.(1, never);
    valuesOf(present(await settle(consumer, handle, never)));
  }
  await consumer.close();
  await producer.close();
});
