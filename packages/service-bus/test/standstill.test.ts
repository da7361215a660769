import type { ConsumerDriver } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  queueOf,
  rawAdministration,
  receive,
  rejection,
  until,
  valuesOf,
} from "./open-adapter.ts";
import { createShiftedClock, type ShiftedClock } from "./shifted-clock.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

test("what is read after a standstill is handed over when the service says that its lock lives", async () => {
  const { clock, consumer, name } = await consuming();
  const before = shared.emulator.log.count("renewLock");
  clock.shift(20_000);
  await shared.send(name, 1);
  const [delivery] = await receive(consumer, 1);
  expect(delivery?.leaseMs).toBeGreaterThan(50_000);
  expect(shared.emulator.log.count("renewLock")).toBe(before + 1);
  valuesOf(await consumer.ackBatch([delivery?.handle], never));
});

test("what is read after its lock has ended is not handed over: it comes again, and takes no room till then", async () => {
  const { clock, consumer, name } = await consuming();
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "renewLock",
    count: 1,
    action: { kind: "expireLease" },
  });
  clock.shift(70_000);
  await shared.send(name, 1);
  const [delivery] = await receive(consumer, 1);
  expect(delivery?.deliveryCount).toBe(2);
  valuesOf(await consumer.ackBatch([delivery?.handle], never));
});

test("nobody is asked where the process did not stand still", async () => {
  const { consumer, name } = await consuming();
  const before = shared.emulator.log.count("renewLock");
  await shared.send(name, 1);
  const [delivery] = await receive(consumer, 1);
  expect(shared.emulator.log.count("renewLock")).toBe(before);
  valuesOf(await consumer.ackBatch([delivery?.handle], never));
});

test("what nobody asked for until half of its lock was over is handed over when the service says that it lives", async () => {
  const { clock, consumer, name } = await consuming(2);
  const before = shared.emulator.log.count("renewLock");
  await shared.send(name, 2);
  const [first] = await receive(consumer, 1);
  clock.shift(31_000);
  const [second] = await receive(consumer, 1);
  expect(second?.leaseMs).toBeGreaterThan(59_000);
  expect(shared.emulator.log.count("renewLock")).toBe(before + 1);
  valuesOf(await consumer.ackBatch([first?.handle, second?.handle], never));
});

// The core asks again up to half a minute after a failure, and the service counts each lock that ends.
test("what comes in the pause after a failure keeps its lock until somebody asks", async () => {
  const { clock, consumer, name } = await consuming();
  const admin = rawAdministration(shared.endpoint);
  const set = async (status: "Active" | "ReceiveDisabled"): Promise<void> =>
    void (await admin.updateQueue({ ...(await admin.getQueue(name.entity)), status }));
  await set("ReceiveDisabled");
  expect(await rejection(receive(consumer, 1))).toBeDefined();
  await set("Active");
  await shared.send(name, 1);
  await until(() => shared.locked(name) === 1);
  // Its answer comes after the message.
  await consumer.peekBatch?.(1, never);
  const before = shared.emulator.log.count("renewLock");
  for (const ms of [29_000, 2_000]) clock.shift(ms);
  await until(() => shared.emulator.log.count("renewLock") > before);
  const [delivery] = await receive(consumer, 1);
  expect(delivery?.deliveryCount).toBe(1);
  valuesOf(await consumer.ackBatch([delivery?.handle], never));
});

test("and is not handed over if another consumer may have it", async () => {
  const { clock, consumer, name } = await consuming(2);
  await shared.send(name, 2);
  const [first] = await receive(consumer, 1);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "renewLock",
    count: 1,
    action: { kind: "expireLease" },
  });
  clock.shift(31_000);
  const [again] = await receive(consumer, 1);
  expect(again?.deliveryCount).toBe(2);
  valuesOf(await consumer.ackBatch([first?.handle, again?.handle], never));
});

/** A consumer with room for so many messages. */
async function consuming(room = 1): Promise<{
  readonly clock: ShiftedClock;
  readonly consumer: ConsumerDriver<unknown>;
  readonly name: Awaited<ReturnType<typeof shared.newQueue>>;
}> {
  const clock = createShiftedClock();
  const adapter = openAdapter(shared.endpoint, { clock });
  shared.keep(adapter);
  const name = await shared.newQueue({ lockDuration: "PT1M" });
  const target = queueOf(adapter, name.entity);
  await adapter.probe?.(target, never);
  const consumer = adapter.openConsumer(
    target,
    consumerOptions({ flow: { maxOutstanding: room, lanes: room } }),
  );
  shared.keep(consumer);
  await consumer.open?.(never);
  return { clock, consumer, name };
}
