import { startEmulator } from "@anyqueue/emulator";
import { expect, test } from "vitest";
import { startRelay } from "../../emulator/test/support/relay.ts";
import { adminOf, consumerOptions, never, openAdapter, outgoing, present, standard } from "./open-adapter.ts";

test("an endpoint may be an IPv6 address", async () => {
  const emulator = await startEmulator({ sqsPort: 0 });
  const relay = await startRelay(present(emulator.endpoints.sqs));
  const adapter = openAdapter(`http://[::1]:${relay.port}`);
  const target = standard(adapter);
  await (await adminOf(adapter)).create(target, {}, never);
  expect(await adapter.openProducer(target).sendBatch([outgoing("1")], never)).toMatchObject([{ ok: true }]);
  const consumer = adapter.openConsumer(target, consumerOptions());
  expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 1_000 }, never)).toMatchObject([{ id: "1" }]);
  expect(relay.connections).toBeGreaterThan(0);
  await consumer.close();
  await adapter.close();
  await relay.close();
  await emulator.close();
});
