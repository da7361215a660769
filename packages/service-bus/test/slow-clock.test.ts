import { systemClock } from "@anyqueue/core/adapter";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  consumerOptions,
  never,
  outgoing,
  present,
  receive,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

const LOCK_MS = 30_000;

test("a clock that is four minutes slow lengthens no lock of a session, nor its renewals", async () => {
  const slow = vi.spyOn(systemClock, "wallNow").mockImplementation(() => Date.now() - 240_000);
  onTestFinished(() => slow.mockRestore());
  const name = await shared.createQueue({ lockDuration: "PT30S", requiresSession: true });
  const target = sessionQueueOf(shared.adapter, name);
  const producer = shared.keep(shared.adapter.openProducer(target));
  const consumer = await shared.consume(target, consumerOptions());
  valuesOf(await producer.sendBatch([outgoing("one", { orderingKey: "a" })], never));
  const [delivery] = await receive(consumer, 1);
  // Longer, and the engine would not renew it before it ends: the message would be handed out twice.
  expect(delivery?.leaseMs).toBeLessThanOrEqual(LOCK_MS);
  expect(delivery?.leaseMs).toBeGreaterThan(LOCK_MS / 2);
  const items = [{ handle: delivery?.handle, leaseMs: LOCK_MS }];
  const [renewed] = valuesOf(present(await consumer.extendBatch?.(items, never)));
  expect(renewed?.leaseMs).toBeLessThanOrEqual(LOCK_MS);
  valuesOf(await consumer.ackBatch([delivery?.handle], never));
});
