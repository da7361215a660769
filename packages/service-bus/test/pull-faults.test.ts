import { systemClock } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { AmqpTap } from "./amqp-tap.ts";
import { createFactory } from "../src/client-factory.ts";
import { EntityReceivers } from "../src/entity-receivers.ts";
import { LockLength } from "../src/lock-length.ts";
import { NamespaceConnection } from "../src/namespace-connection.ts";
import { PullIntake } from "../src/pull-intake.ts";
import { PullLink } from "../src/pull-link.ts";
import { parseAddress } from "../src/service-bus-url.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  receive,
  rejection,
  sessionQueueOf,
  until,
  valuesOf,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";
import { createShiftedClock, type ShiftedClock } from "./shifted-clock.ts";

const shared = useSharedEmulator("manual");

/** From then on the core would give up an ask: it has its own limit for drivers that do not answer. */
const STALLED_MS = 30_000;

/** The error of an ask while time passes for the adapter, and how long it took. */
async function failureOf(
  asking: Promise<unknown>,
  clock: ShiftedClock,
): Promise<{ readonly code: string; readonly tookMs: number }> {
  const startedAtMs = clock.now();
  let failed: unknown;
  void asking.then(
    () => (failed = new Error("it should have failed")),
    (error: unknown) => (failed = error),
  );
  await until(() => {
    clock.shift(100);
    return failed !== undefined;
  });
  return { code: shared.adapter.classify(failed, "receive").code, tookMs: clock.now() - startedAtMs };
}

test("an ask whose link opens only after its time has what is there, by one opening", async () => {
  const target = await shared.newQueue();
  await shared.send(target, 2);
  const consumer = await shared.consume(target, consumerOptions({ mode: "pull" }));
  const { faults, clock } = shared.emulator;
  const attach = { protocol: "service-bus", operation: "attach" } as const;
  const late = faults.add({ ...attach, action: { kind: "delay", ms: 400 } });
  const openings = (): number => present(faults.list().find(({ id }) => id === late)).fired;
  const asking = consumer.receiveBatch({ maxItems: 10, waitMs: 0 }, never);
  await until(() => openings() === 1);
  // Looks are quick where an opening is slow: they say nothing of how long it takes.
  for (let look = 0; look < 200; look += 1) await consumer.peekBatch?.(1, never);
  await clock.advance(400);
  expect(await asking).toHaveLength(2);
  expect(openings()).toBe(1);
});

test("an ask whose link does not open fails before the core gives it up", async () => {
  const target = await shared.newQueue();
  const clock = createShiftedClock();
  const adapter = shared.keep(openAdapter(shared.endpoint, { clock }));
  const consumer = adapter.openConsumer(queueOf(adapter, target.entity), consumerOptions({ mode: "pull" }));
  await consumer.open?.(never);
  const attach = { protocol: "service-bus", operation: "attach", count: 1 } as const;
  shared.emulator.faults.add({ ...attach, action: { kind: "hold" } });
  const asking = consumer.receiveBatch({ maxItems: 10, waitMs: 300 }, never);
  await until(() => shared.emulator.faults.list().some(({ fired }) => fired === 1));
  const { code, tookMs } = await failureOf(asking, clock);
  expect(code).toBe("TIMEOUT");
  expect(tookMs).toBeLessThan(STALLED_MS);
  await shared.send(target, 1);
  expect(await receive(consumer, 1)).toHaveLength(1);
});

test("an ask of a service that has fallen silent fails before the core gives it up, and the next one works", async () => {
  const target = await shared.newQueue();
  const clock = createShiftedClock();
  const tap = shared.keep(await AmqpTap.start(shared.endpoint));
  const adapter = shared.keep(openAdapter(tap.endpoint, { clock }));
  const consumer = adapter.openConsumer(queueOf(adapter, target.entity), consumerOptions({ mode: "pull" }));
  await consumer.receiveBatch({ maxItems: 10, waitMs: 0 }, never);
  tap.holdBack();
  const { code, tookMs } = await failureOf(
    consumer.receiveBatch({ maxItems: 10, waitMs: 300 }, never),
    clock,
  );
  expect(code).toBe("TIMEOUT");
  expect(tookMs).toBeLessThan(STALLED_MS);
  tap.letGo();
  await shared.send(target, 1);
  expect(await receive(consumer, 1)).toHaveLength(1);
});

test("an ask waits as long as it takes to lock a session of a far service, and to get its first message", async () => {
  const { faults, clock: service } = shared.emulator;
  const clock = createShiftedClock();
  const adapter = shared.keep(openAdapter(shared.endpoint, { clock }));
  const target = sessionQueueOf(adapter, await shared.createQueue({ requiresSession: true }));
  const producer = shared.keep(adapter.openProducer(target));
  valuesOf(await producer.sendBatch([outgoing("a", { orderingKey: "k" })], never));
  const consumer = shared.keep(adapter.openConsumer(target, consumerOptions({ mode: "pull" })));
  await consumer.open?.(never);
  const slow = (operation: string, ms: number): (() => boolean) => {
    const id = faults.add({ protocol: "service-bus", operation, action: { kind: "delay", ms } });
    return () => present(faults.list().find((rule) => rule.id === id)).fired > 0;
  };
  const isLooking = slow("peek", 100);
  const isLocking = slow("acceptSession", 200);
  const asking = consumer.receiveBatch({ maxItems: 1, waitMs: 300 }, never);
  await until(() => isLooking() && isLocking());
  // The ask's own look takes 200 ms, which says how far the service is.
  clock.shift(200);
  faults.clear();
  await service.advance(100);
  await consumer.peekBatch?.(1, never);
  clock.shift(900);
  await service.advance(100);
  expect(await asking).toHaveLength(1);
});

test("a look that fails takes the credit back: nothing is locked for nobody", async () => {
  const target = await shared.newQueue();
  const consumer = await shared.consume(target, consumerOptions({ mode: "pull" }));
  const ask = { maxItems: 10, waitMs: 0 };
  expect(await consumer.receiveBatch(ask, never)).toEqual([]);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "peek",
    action: { kind: "throttle" },
  });
  const error = await rejection(consumer.receiveBatch(ask, never));
  expect(shared.adapter.classify(error, "receive").code).toBe("THROTTLED");
  shared.emulator.faults.clear();
  await shared.send(target, 20);
  // Messages that its link took meanwhile would be here now.
  await consumer.peekBatch?.(1, never);
  expect(shared.locked(target)).toBe(0);
  expect(await receive(consumer, 20)).toHaveLength(20);
});

test("an ask whose link and look are both gone fails with the first, and the other ends no process", async () => {
  const { entity } = await shared.newQueue();
  const place = { host: undefined, entityPath: undefined, endpoint: shared.endpoint, isPlain: true };
  const connection = new NamespaceConnection(createFactory(place, {}));
  connection.acquire();
  const receivers = new EntityReceivers(connection, parseAddress(entity));
  const receiver = await receivers.newReceiver();
  const link = new PullLink(receiver, 1, receivers, new LockLength(systemClock), systemClock);
  await receiver.close();
  const unheard: unknown[] = [];
  const listen = (error: unknown): void => void unheard.push(error);
  process.prependListener("unhandledRejection", listen);
  const look = new Promise<void>((_resolve, reject) => {
    setImmediate(() => reject(new Error("the look failed")));
  });
  expect(await rejection(link.take(() => look))).toMatchObject({
    message: expect.stringContaining("closed"),
  });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", listen);
  expect(unheard).toEqual([]);
  await link.close();
  await connection.release();
});

test("links that broke and have nothing locked are forgotten", async () => {
  const { entity } = await shared.newQueue();
  const tap = await AmqpTap.start(shared.endpoint);
  const place = { host: undefined, entityPath: undefined, endpoint: tap.endpoint, isPlain: true };
  const connection = new NamespaceConnection(createFactory(place, {}));
  connection.acquire();
  let listeners = 0;
  const onDeath = connection.onDeath.bind(connection);
  connection.onDeath = (listener) => {
    listeners += 1;
    const stop = onDeath(listener);
    return () => {
      listeners -= 1;
      return stop();
    };
  };
  const intake = new PullIntake(
    new EntityReceivers(connection, parseAddress(entity)),
    new LockLength(systemClock),
    systemClock,
  );
  for (let round = 0; round < 4; round += 1) {
    await intake.receive({ maxItems: 1, waitMs: 60 }, never);
    const { generation } = connection;
    tap.cut();
    await until(() => connection.generation > generation);
  }
  expect(listeners).toBe(1);
  await intake.close();
  expect(listeners).toBe(0);
  await connection.release();
  await tap.close();
});
