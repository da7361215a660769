import type { QueueAdapter } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startRelay, type Relay } from "../../emulator/test/support/relay.ts";
import { never, openAdapter, outgoing, present, queue, rejection } from "./open-adapter.ts";

let emulator: Emulator;
let relay: Relay;
let adapter: QueueAdapter;

beforeEach(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  relay = await startRelay(present(emulator.endpoints.pubsub));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await adapter.close();
  await relay.close();
  await emulator.close();
});

test("an endpoint may be an IPv6 address", async () => {
  adapter = openAdapter(`[::1]:${relay.port}`);
  const target = queue(adapter);
  await present(await adapter.admin?.()).create(target, {}, never);
  expect(await adapter.openProducer(target).sendBatch([outgoing("1")], never)).toMatchObject([{ ok: true }]);
  expect(relay.connections).toBeGreaterThan(0);
});

test("in the environment it is refused: the SDK does not read it whole", async () => {
  vi.stubEnv("PUBSUB_EMULATOR_HOST", `[::1]:${relay.port}`);
  adapter = openAdapter(undefined);
  const error = await rejection(adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never));
  expect(error).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("endpoint=[::1]:8085"),
  });
});
