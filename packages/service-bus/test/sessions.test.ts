import type { ConsumerDriver, ItemResult, Target } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
  until,
} from "./open-adapter.ts";
import { createShiftedClock } from "./shifted-clock.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

async function newQueue(): Promise<Target> {
  const name = await shared.createQueue({ lockDuration: "PT1M", requiresSession: true });
  return sessionQueueOf(shared.adapter, name);
}

/** `{ a: 2, b: 1 }`: two messages of session a, one of b. */
async function send(target: Target, counts: Readonly<Record<string, number>>): Promise<void> {
  const producer = shared.adapter.openProducer(target);
  shared.keep(producer);
  const messages = Object.entries(counts).flatMap(([orderingKey, count]) =>
    Array.from({ length: count }, (_, index) => outgoing(`${orderingKey}${index}`, { orderingKey })),
  );
  valuesOf(await producer.sendBatch(messages, never));
}

async function consume(
  target: Target,
  lanes: number,
  options = consumerOptions(),
): Promise<ConsumerDriver<unknown>> {
  const consumer = shared.adapter.openConsumer(target, { ...options, flow: { maxOutstanding: 100, lanes } });
  shared.keep(consumer);
  await consumer.open?.(never);
  return consumer;
}

/** Handles everything, one ask after the other. Returns the ids in order. */
async function drain(consumer: ConsumerDriver<unknown>, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    for (const { id, handle } of await receive(consumer, 1, 50)) {
      ids.push(id);
      valuesOf(await consumer.ackBatch([handle], never));
    }
  }
  return ids;
}

test("many sessions go through few lanes, each in its own order", async () => {
  const target = await newQueue();
  const counts = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`s${index}-`, 5]));
  await send(target, counts);
  const ids = await drain(await consume(target, 3), 60);
  for (const session of Object.keys(counts)) {
    const own = ids.filter((id) => id.startsWith(session));
    expect(own).toEqual(Array.from({ length: 5 }, (_, index) => `${session}${index}`));
  }
});

test("an ask is not answered with messages whose sessions were lost before it", async () => {
  const target = await newQueue();
  const options = consumerOptions();
  const consumer = await consume(target, 1, options);
  const lost = {
    protocol: "service-bus",
    operation: "receive",
    queue: target.entity,
    when: "after",
  } as const;
  shared.emulator.faults.add({ ...lost, count: 3, action: { kind: "sessionLost" } });
  await send(target, { a: 1 });
  await until(() => options.lost.length === 3);
  // An empty answer at once would be one of those after which the core asks only once a second.
  expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 15_000 }, never)).toHaveLength(1);
});

test("one message of a session is outstanding at a time, and no more sessions than lanes", async () => {
  const target = await newQueue();
  await send(target, { a: 3, b: 3, c: 3 });
  const consumer = await consume(target, 2);
  const deliveries = await receive(consumer, 2);
  expect(new Set(deliveries.map(({ orderingKey }) => orderingKey)).size).toBe(2);
  expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 50 }, never)).toEqual([]);
});

test("a message that goes back is followed by itself, not by its follower", async () => {
  const target = await newQueue();
  await send(target, { a: 3 });
  const consumer = await consume(target, 1);
  const [first] = await receive(consumer, 1);
  valuesOf(await consumer.releaseBatch([{ handle: first?.handle, delayMs: 0, cause: "retry" }], never));
  const [again] = await receive(consumer, 1);
  expect(again).toMatchObject({ id: "a0", deliveryCount: 2 });
  valuesOf(await consumer.ackBatch([again?.handle], never));
  expect(await drain(consumer, 2)).toEqual(["a1", "a2"]);
});

test("what nobody began is let go with its session, and that is no delivery", async () => {
  const target = await newQueue();
  await send(target, { a: 1 });
  const consumer = await consume(target, 1);
  const [first] = await receive(consumer, 1);
  valuesOf(await consumer.releaseBatch([{ handle: first?.handle, delayMs: 0, cause: "unstarted" }], never));
  const [again] = await receive(consumer, 1);
  expect(again).toMatchObject({ id: "a0", deliveryCount: 1 });
});

test("deliveries of one session share a lease, renewed by one call; a later hand-over is another", async () => {
  const target = await newQueue();
  await send(target, { a: 2 });
  const consumer = await consume(target, 1);
  const [first] = await receive(consumer, 1);
  const before = shared.emulator.log.count("renewSessionLock");
  const [lease] = valuesOf(
    present(await consumer.extendBatch?.([{ handle: first?.handle, leaseMs: 1 }], never)),
  );
  expect(lease?.leaseMs).toBeGreaterThan(50_000);
  expect(shared.emulator.log.count("renewSessionLock")).toBe(before + 1);
  await consumer.releaseBatch([{ handle: first?.handle, delayMs: 0, cause: "unstarted" }], never);
  const [again] = await receive(consumer, 1);
  expect(again?.leaseKey).not.toBe(first?.leaseKey);
});

test("a session that falls silent is let go and taken again: its message comes, uncounted", async () => {
  const clock = createShiftedClock();
  const own = openAdapter(shared.endpoint, { clock });
  shared.keep(own);
  const target = await newQueue();
  await send(target, { a: 1 });
  // The service locks it for us and never sends it.
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "receive",
    count: 1,
    action: { kind: "hold" },
  });
  const consumer = own.openConsumer(sessionQueueOf(own, target.entity), consumerOptions());
  shared.keep(consumer);
  await consumer.open?.(never);
  await until(() => shared.emulator.log.entries().some(({ outcome }) => outcome === "held"));
  const accepted = shared.emulator.log.count("acceptSession");
  const asking = receive(consumer, 1);
  await until(() => {
    clock.shift(1_000);
    return shared.emulator.log.count("acceptSession") > accepted;
  });
  expect((await asking).map(({ id, deliveryCount }) => [id, deliveryCount])).toEqual([["a0", 1]]);
});

test("an empty entity is no failure: accepts that find nothing are not reported", async () => {
  const target = await newQueue();
  const options = consumerOptions();
  const consumer = await consume(target, 1, options);
  await shared.emulator.clock.advance(30_000);
  expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 50 }, never)).toEqual([]);
  expect(options.faults).toEqual([]);
  await send(target, { late: 1 });
  expect(await receive(consumer, 1)).toHaveLength(1);
});

test("a session that the service takes away is reported with its key, and its handles are worth nothing", async () => {
  const target = await newQueue();
  await send(target, { a: 2 });
  const options = consumerOptions();
  const consumer = await consume(target, 1, options);
  const [first] = await receive(consumer, 1);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "renewSessionLock",
    count: 1,
    action: { kind: "sessionLost" },
  });
  const [renewed] = present(await consumer.extendBatch?.([{ handle: first?.handle, leaseMs: 1 }], never));
  expect(shared.adapter.classify(renewed?.ok === false ? renewed.error : undefined, "extend").code).toBe(
    "LEASE_LOST",
  );
  while (options.lost.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(options.lost).toEqual([{ leaseKey: first?.leaseKey }]);
  const [acked] = await consumer.ackBatch([first?.handle], never);
  expect(shared.adapter.classify(acked?.ok === false ? acked.error : undefined, "ack").code).toBe(
    "LEASE_LOST",
  );
  expect((await receive(consumer, 1))[0]?.id).toBe("a0");
});

test.each(["deadLetter", "abandon"] as const)(
  "a message whose %s is refused brings no follower: it comes first again when its lock has ended",
  async (operation) => {
    const target = await newQueue();
    await send(target, { a: 2 });
    const options = consumerOptions();
    const consumer = await consume(target, 1, options);
    const [first] = await receive(consumer, 1);
    shared.emulator.faults.add({
      protocol: "service-bus",
      operation,
      count: 1,
      action: { kind: "throttle" },
    });
    const handle = first?.handle;
    const settle = async (): Promise<readonly ItemResult[]> =>
      operation === "deadLetter"
        ? present(await consumer.deadLetterBatch?.([{ handle, reason: "R", attributes: {} }], never))
        : await consumer.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], never);
    expect(await settle()).toMatchObject([{ ok: false }]);
    // The link has had its answer, and a second one is impossible.
    const [again] = await settle();
    expect(
      shared.adapter.classify(
        again?.ok === false ? again.error : undefined,
        operation === "abandon" ? "release" : operation,
      ).code,
    ).toBe("ALREADY_SETTLED");
    expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 50 }, never)).toEqual([]);
    await shared.emulator.clock.advance(60_001);
    await until(() => options.lost.length > 0);
    expect(await drain(consumer, 2)).toEqual(["a0", "a1"]);
  },
);

test("an entity that is deleted while it is consumed ends with NOT_FOUND; made again it can be consumed again", async () => {
  const target = await newQueue();
  await send(target, { a: 1 });
  const consumer = await consume(target, 2);
  await receive(consumer, 1);
  const admin = rawAdministration(shared.endpoint);
  await admin.deleteQueue(target.entity);
  const codes: string[] = [];
  while (codes.at(-1) !== "NOT_FOUND") {
    const error = await rejection(consumer.receiveBatch({ maxItems: 1, waitMs: 4_000 }, never));
    codes.push(shared.adapter.classify(error, "receive").code);
    if (codes.length > 5) throw new Error(codes.join(", "));
  }
  await consumer.close();
  await admin.createQueue(target.entity, { requiresSession: true });
  await send(target, { again: 1 });
  expect(await drain(await consume(target, 2), 1)).toEqual(["again0"]);
});

test("a stopped flow lets every session go", async () => {
  const target = await newQueue();
  await send(target, { a: 1, b: 1 });
  const consumer = await consume(target, 2);
  await consumer.receiveBatch({ maxItems: 1, waitMs: 5_000 }, never);
  await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
  await consumer.close();
  const rival = await consume(target, 2);
  expect((await drain(rival, 2)).toSorted()).toEqual(["a0", "b0"]);
});

describe("dead letters of an entity with sessions", () => {
  test("are read without sessions, and keep their key", async () => {
    const target = await newQueue();
    await send(target, { a: 1 });
    const consumer = await consume(target, 1);
    const [delivery] = await receive(consumer, 1);
    const item = {
      handle: delivery?.handle,
      reason: "no use",
      description: "at all",
      attributes: { "aq-dead-attempts": "1" },
    };
    valuesOf(present(await consumer.deadLetterBatch?.([item], never)));
    const dead = shared.adapter.resolve({ kind: "dead-letter", name: target.entity, features: ["ordering"] });
    const burial = shared.adapter.openConsumer(dead, consumerOptions());
    shared.keep(burial);
    await burial.open?.(never);
    const [found] = await receive(burial, 1);
    expect(found).toMatchObject({
      id: "a0",
      orderingKey: "a",
      deadLetter: { reason: "no use", description: "at all" },
      attributes: { "aq-dead-attempts": "1" },
    });
    expect(burial.deadLetterBatch).toBeUndefined();
  });
});

test("a session of the raw SDK can be subscribed to once: one that went idle must be let go to be taken again", async () => {
  const target = await newQueue();
  await send(target, { a: 1 });
  const client = rawClient(shared.endpoint);
  shared.keep(client);
  const session = await client.acceptNextSession(target.entity);
  const handlers = { processMessage: async () => {}, processError: async () => {} };
  await session.subscribe(handlers, { maxConcurrentCalls: 1 }).close();
  expect(() => session.subscribe(handlers)).toThrow(/already receiving messages/);
});
