import { createClient, defineQueue, defineTopic, type QueueClient, type Source } from "@anyqueue/core";
import type { Target } from "@anyqueue/core/adapter";
import { beforeAll, describe, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import {
  adminOf,
  bury,
  consumerOptions,
  deadLettersOf,
  never,
  openAdapter,
  outgoing,
  present,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  valuesOf,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();
let admin: Awaited<ReturnType<typeof adminOf>>;

beforeAll(async () => {
  admin = await adminOf(shared.adapter);
});

async function redriveCode(target: Target): Promise<string> {
  return shared.adapter.classify(await rejection(shared.redriven(target)), "admin").code;
}

test("brings dead letters back without the service's marks, also where duplicates are detected", async () => {
  const { adapter } = shared;
  const target = adapter.resolve({ kind: "queue", name: "deduplicated", features: ["deduplication"] });
  await admin.create(target, {}, never);
  await shared.send(target, 3);
  await bury(adapter, target, 3);
  expect(await shared.redriven(target)).toBe(3);
  expect(await shared.readyIn(target)).toEqual([3, 0]);
  const consumer = await shared.consume(target, consumerOptions());
  const deliveries = await receive(consumer, 3);
  expect(deliveries.map(({ id, deadLetter }) => [id, deadLetter])).toEqual([
    ["m0", undefined],
    ["m1", undefined],
    ["m2", undefined],
  ]);
});

test("resets attempts: those of earlier copies are left behind, the history is kept", async () => {
  const target = await shared.newQueue();
  const producer = shared.keep(shared.adapter.openProducer(target));
  const attributes = { tenant: "acme", "aq-at": "4", "aq-dead-reason": "bad" };
  valuesOf(await producer.sendBatch([outgoing("copied", { attributes })], never));
  await bury(shared.adapter, target, 1);
  expect(await shared.redriven(target)).toBe(1);
  const [delivery] = await receive(await shared.consume(target), 1);
  expect(delivery).toMatchObject({ id: "copied", deliveryCount: 1 });
  expect(delivery?.attributes).toEqual({
    tenant: "acme",
    "aq-dead-reason": "bad",
    "aq-redrive": expect.any(String) as string,
  });
});

test("that is refused midway leaves no message in both places, and none locked", async () => {
  const target = await shared.withDeadLetters(5);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: target.entity,
    skip: 2,
    count: 1,
    action: { kind: "throttle" },
  });
  expect(await redriveCode(target)).toBe("THROTTLED");
  // Those beside it were on their way.
  expect(await shared.readyIn(target)).toEqual([4, 1]);
  expect(shared.locked(target)).toBe(0);
  expect(await shared.redriven(target)).toBe(1);
  expect(await shared.readyIn(target)).toEqual([5, 0]);
});

test("overtakes nothing in a session when a message of it is refused for now", async () => {
  const name = await shared.createQueue({ requiresSession: true });
  const target = shared.adapter.resolve({ kind: "queue", name, features: ["ordering"] });
  const producer = shared.keep(shared.adapter.openProducer(target));
  const messages = ["m0", "m1", "m2", "m3"].map((id) => outgoing(id, { orderingKey: "k" }));
  valuesOf(await producer.sendBatch(messages, never));
  const client = shared.keep(rawClient(shared.endpoint));
  const session = await client.acceptSession(name, "k");
  for (let left = messages.length; left > 0;) {
    const received = await session.receiveMessages(left);
    for (const message of received) await session.deadLetterMessage(message);
    left -= received.length;
  }
  await session.close();
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: name,
    skip: 2,
    count: 1,
    action: { kind: "throttle" },
  });
  expect(await redriveCode(target)).toBe("THROTTLED");
  expect(await shared.readyIn(target)).toEqual([2, 2]);
  expect(await shared.redriven(target)).toBe(2);
  const back = await (await client.acceptSession(name, "k")).peekMessages(messages.length);
  expect(back.map(({ messageId }) => messageId)).toEqual(["m0", "m1", "m2", "m3"]);
});

test("goes no further when a lock has ended: what it would still send would be in both places", async () => {
  const target = await shared.withDeadLetters(60);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "complete",
    skip: 1,
    action: { kind: "expireLease" },
  });
  expect(await redriveCode(target)).toBe("LEASE_LOST");
  const [sent = 0, left = 0] = await shared.readyIn(target);
  // Twenty are sent at a time, while as many are completed.
  expect(sent).toBeLessThanOrEqual(41);
  expect(left).toBe(59);
});

test("goes on past a message that its queue does not take, which stays", async () => {
  const target = await shared.withDeadLetters(3);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: target.entity,
    count: 1,
    action: { kind: "error", condition: "amqp:link:message-size-exceeded", description: "too large" },
  });
  expect(await redriveCode(target)).toBe("MESSAGE_TOO_LARGE");
  expect(await shared.readyIn(target)).toEqual([2, 1]);
});

describe("without the right to administer", () => {
  const deny = (): void => {
    for (const operation of ["GetQueue", "GetTopic", "ListSubscriptions"]) {
      const action = { kind: "unauthorized" } as const;
      shared.emulator.faults.add({ protocol: "service-bus", operation, action });
    }
  };

  test("goes back to a queue under new message ids, as if it looked for duplicates", async () => {
    const target = await shared.withDeadLetters(2);
    deny();
    expect(await shared.redriven(target)).toBe(2);
    shared.emulator.faults.clear();
    expect(await shared.readyIn(target)).toEqual([2, 0]);
    const deliveries = await receive(await shared.consume(target), 2);
    expect(deliveries.map(({ id }) => id)).toEqual(["m0", "m1"]);
  });

  test("does so too where the application gave a client alone", async () => {
    const target = await shared.withDeadLetters(1);
    const client = shared.keep(rawClient(shared.endpoint));
    const own = shared.keep(openAdapter(shared.endpoint, { options: { client } }));
    const from = deadLettersOf(own, target);
    const ownAdmin = await adminOf(own);
    for await (const { moved } of present(ownAdmin.redrive).call(ownAdmin, from, target, never)) {
      expect(moved).toBe(1);
    }
    expect(await shared.readyIn(target)).toEqual([1, 0]);
  });

  test("is refused to a subscription: whether it is alone is not known", async () => {
    deny();
    const { adapter } = shared;
    const one = adapter.resolve({ kind: "subscription", topic: "unseen", name: "one", features: [] });
    expect(await redriveCode(one)).toBe("ACCESS_DENIED");
  });
});

test("to a subscription works only if it is alone: the topic would copy them to all", async () => {
  const { adapter, endpoint } = shared;
  const raw = rawAdministration(endpoint);
  await raw.createTopic("shared");
  await raw.createSubscription("shared", "one");
  const one = adapter.resolve({ kind: "subscription", topic: "shared", name: "one", features: [] });
  await shared.send(adapter.resolve({ kind: "topic", name: "shared", features: [] }), 1);
  await bury(adapter, one, 1);
  await raw.createSubscription("shared", "two");
  expect(await redriveCode(one)).toBe("UNSUPPORTED");
  await raw.deleteSubscription("shared", "two");
  expect(await shared.redriven(one)).toBe(1);
  expect(await shared.readyIn(one)).toEqual([1, 0]);
});

test("to a subscription moves no more than `max`, under the same rule, also where the topic looks for duplicates", async () => {
  const { adapter, endpoint } = shared;
  const raw = rawAdministration(endpoint);
  await raw.createTopic("counted", { requiresDuplicateDetection: true });
  await raw.createSubscription("counted", "one");
  const one = adapter.resolve({ kind: "subscription", topic: "counted", name: "one", features: [] });
  await shared.send(adapter.resolve({ kind: "topic", name: "counted", features: ["deduplication"] }), 3);
  await bury(adapter, one, 3);
  const client = shared.keep(createClient(`service-bus://emulator?endpoint=${endpoint}`, [serviceBus()]));
  const subscription = defineTopic("counted").subscription("one");
  const move = async (max: number): Promise<number> => await movedBy(client, subscription, max);
  await raw.createSubscription("counted", "two");
  expect(await rejection(move(2))).toMatchObject({ code: "UNSUPPORTED", feature: "redrive" });
  await raw.deleteSubscription("counted", "two");
  expect(await move(2)).toBe(2);
  expect(await shared.readyIn(one)).toEqual([2, 1]);
  const deliveries = await receive(await shared.consume(one), 2);
  expect(deliveries.map(({ id }) => id)).toEqual(["m0", "m1"]);
});

test("to a queue that is kept in a subscription moves them under the same rules", async () => {
  const { adapter, endpoint } = shared;
  const raw = rawAdministration(endpoint);
  await raw.createTopic("kept", { requiresDuplicateDetection: true });
  await raw.createSubscription("kept", "one");
  const entity = "kept/Subscriptions/one";
  const one = adapter.resolve({ kind: "queue", name: entity, exact: true, features: [] });
  await shared.send(adapter.resolve({ kind: "topic", name: "kept", features: [] }), 2);
  await bury(adapter, one, 2);
  const url = `service-bus://emulator?endpoint=${endpoint}`;
  const client = shared.keep(createClient({ url, queues: { orders: { name: entity } } }, [serviceBus()]));
  await raw.createSubscription("kept", "two");
  for (const max of [1, undefined])
    expect(await rejection(movedBy(client, defineQueue("orders"), max))).toMatchObject({
      code: "UNSUPPORTED",
      feature: "redrive",
    });
  await raw.deleteSubscription("kept", "two");
  // Its definition says nothing of duplicates, and there was no probe: with their old ids both would be lost.
  expect(await movedBy(client, defineQueue("orders"), 2)).toBe(2);
  expect(await shared.readyIn(one)).toEqual([2, 0]);
});

test("one by one goes to a queue that looks for duplicates, whatever its definition says", async () => {
  const { adapter, endpoint } = shared;
  const seen = adapter.resolve({ kind: "queue", name: "unsaid", features: ["deduplication"] });
  await admin.create(seen, {}, never);
  await shared.send(adapter.resolve({ kind: "queue", name: "unsaid", features: [] }), 2);
  await bury(adapter, seen, 2);
  const url = `service-bus://emulator?endpoint=${endpoint}`;
  const queues = { unsaid: { name: "unsaid", deadLetter: "unsaid" } };
  const client = shared.keep(createClient({ url, queues }, [serviceBus()]));
  expect(await movedBy(client, defineQueue("unsaid"), 2)).toBe(2);
  expect(await shared.readyIn(seen)).toEqual([2, 0]);
});

async function movedBy(client: QueueClient, of: Source<unknown>, max: number | undefined): Promise<number> {
  let total = 0;
  for await (const { moved } of client.admin.redrive(of, max === undefined ? {} : { max })) total = moved;
  return total;
}
