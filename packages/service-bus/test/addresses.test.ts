import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRelay, type Relay } from "../../emulator/test/support/relay.ts";
import {
  adminOf,
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  receive,
  valuesOf,
} from "./open-adapter.ts";

let emulator: Emulator;
let relay: Relay;

beforeEach(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  relay = await startRelay(present(emulator.endpoints.serviceBus));
});

afterEach(async () => {
  await relay.close();
  await emulator.close();
});

test("an endpoint may be an IPv6 address, for messages as for administration", async () => {
  const adapter = openAdapter(`[::1]:${relay.port}`);
  const target = queueOf(adapter);
  await (await adminOf(adapter)).create(target, {}, never);
  valuesOf(await adapter.openProducer(target).sendBatch([outgoing("1")], never));
  const consumer = adapter.openConsumer(target, consumerOptions());
  await consumer.open?.(never);
  const deliveries = await receive(consumer, 1);
  valuesOf(
    await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    ),
  );
  await consumer.close();
  await adapter.close();
  expect(relay.connections).toBeGreaterThan(1);
});
