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
import { consumerOptions, never, receive, rejection, until } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

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
  const link = new PullLink(receiver, 1, receivers, new LockLength(systemClock));
  await receiver.close();
  const unheard: unknown[] = [];
  const listen = (error: unknown): void => void unheard.push(error);
  process.prependListener("unhandledRejection", listen);
  const look = new Promise<void>((_resolve, reject) => {
    setImmediate(() => reject(new Error("the look failed")));
  });
  expect(await rejection(link.take(look))).toMatchObject({ message: expect.stringContaining("closed") });
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
