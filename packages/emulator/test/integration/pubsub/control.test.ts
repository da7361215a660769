import { afterEach, expect, test } from "vitest";
import { controlClient } from "../../../src/control/control-client.ts";
import { startEmulator, type Emulator } from "../../../src/emulator.ts";
import { spawnEmulator } from "../../../src/spawn-emulator.ts";
import { openStream } from "../../support/open-stream.ts";
import { startPushEndpoint } from "../../support/push-endpoint.ts";
import { until } from "../../support/running-emulator.ts";
import { failureOf, pullNow, PUBSUB_LIBRARIES, runPubsub } from "../../support/running-pubsub.ts";

const [newest] = PUBSUB_LIBRARIES;
if (newest === undefined) throw new Error("There is no client to test with.");

const emulators: Emulator[] = [];

afterEach(async () => {
  await Promise.all(emulators.splice(0).map((emulator) => emulator.close()));
});

test("topics and subscriptions are shown as they are, in the process and over HTTP", async () => {
  const running = await runPubsub(newest);
  const { topic, name } = await running.createPair({ labels: { team: "a" } });
  await running.publish("a", "b", "c");
  const [first] = await pullNow(running, name, 1);
  const ackIds = [first?.ackId ?? ""];
  await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
  const stream = openStream(running.subscriber, name, { maxOutstandingMessages: 2 });
  await until(() => stream.messages.length === 2);
  expect(running.emulator.pubsub.topics()).toEqual([
    { name: topic, labels: {}, subscriptions: [name], retained: 0 },
  ]);
  const [subscription] = running.emulator.pubsub.subscriptions();
  expect(subscription).toMatchObject({
    name,
    topic,
    isOrdered: false,
    isExactlyOnce: false,
    isDetached: false,
    available: 1,
    outstanding: 2,
    consumers: [{ clientId: "client-1", outstanding: 2 }],
    messages: [
      { id: "1", state: "ready", body: "a", deliveries: 1, failures: 1, attributes: {}, orderingKey: "" },
      { id: "2", state: "leased", body: "b", deliveries: 1, failures: 0 },
      { id: "3", state: "leased", body: "c", deliveries: 1, failures: 0 },
    ],
  });
  const control = controlClient(running.emulator.endpoints.control);
  expect(await control.topics()).toEqual(running.emulator.pubsub.topics());
  expect(await control.subscriptions()).toEqual(JSON.parse(JSON.stringify([subscription])));
});

test("a subscription is made to push over HTTP, with a token, and to be pulled from again", async () => {
  const running = await runPubsub(newest);
  const { name } = await running.createPair();
  const endpoint = await startPushEndpoint();
  const control = controlClient(running.emulator.endpoints.control);
  expect((await control.endpoints()).pubsub).toBe(running.emulator.endpoints.pubsub);
  await control.setPush(name, {
    endpoint: endpoint.url,
    token: { email: "p@x.invalid", audience: "orders" },
  });
  await running.publish("a");
  await until(() => endpoint.requests.length === 1);
  expect(endpoint.requests[0]?.headers.authorization).toMatch(/^Bearer /);
  expect((await control.subscriptions())[0]?.pushEndpoint).toBe(endpoint.url);
  await control.setPush(name, undefined);
  await running.publish("b");
  expect((await pullNow(running, name)).map(({ body }) => body)).toEqual(["b"]);
});

test.each([
  ["projects/test-project/subscriptions/nothing", "http://127.0.0.1:1/", /nothing/],
  [undefined, "http://example.com/", /loopback/],
  [undefined, "nonsense", /Invalid push endpoint/],
])("a push from %s to %s is refused over HTTP", async (other, endpoint, text) => {
  const running = await runPubsub(newest);
  const { name } = await running.createPair();
  const control = controlClient(running.emulator.endpoints.control);
  await expect(control.setPush(other ?? name, { endpoint })).rejects.toThrow(text);
  await expect(control.setPush(name, JSON.parse('{"endpoint":1}'))).rejects.toThrow("The body must be");
});

test("a reset forgets everything and ends streams", async () => {
  const running = await runPubsub(newest);
  const { name } = await running.createPair();
  const stream = openStream(running.subscriber, name);
  await until(() => stream.responses.length === 1);
  running.emulator.reset();
  await until(() => stream.error !== undefined);
  expect(stream.error?.code).toBe(5);
  expect(running.emulator.pubsub.topics()).toEqual([]);
  expect((await failureOf(pullNow(running, name))).code).toBe(5);
});

test("every call is in the log, with what it was about and how many messages it had", async () => {
  const running = await runPubsub(newest);
  const { name } = await running.createPair();
  await running.publish("a", "b");
  const ackIds = (await pullNow(running, name)).map(({ ackId }) => ackId);
  await running.subscriber.acknowledge({ subscription: name, ackIds });
  const stream = openStream(running.subscriber, name);
  await until(() => stream.responses.length === 1);
  const entries = running.emulator.log.entries();
  expect(entries.map((entry) => [entry.operation, entry.queue, entry.entries, entry.outcome])).toEqual([
    ["CreateTopic", "orders", 1, "ok"],
    ["CreateSubscription", "orders-sub", 1, "ok"],
    ["Publish", "orders", 2, "ok"],
    ["Pull", "orders-sub", 1, "ok"],
    ["Acknowledge", "orders-sub", 2, "ok"],
    ["StreamingPull", "orders-sub", 1, "pending"],
  ]);
  expect(entries[0]).toMatchObject({ protocol: "pubsub", wire: "grpc", region: "test-project", status: 0 });
  stream.cancel();
  await until(() => running.emulator.log.entries().at(-1)?.outcome !== "pending");
});

test("one emulator serves all clouds, or one of them", async () => {
  const all = await startEmulator();
  const alone = await startEmulator({ pubsubPort: 0 });
  emulators.push(all, alone);
  expect(Object.keys(all.endpoints).toSorted()).toEqual(["control", "pubsub", "serviceBus", "sqs"]);
  expect(Object.keys(alone.endpoints).toSorted()).toEqual(["control", "pubsub"]);
  expect(all.endpoints.pubsub).toMatch(/^127\.0\.0\.1:[0-9]+$/);
  expect(alone.environment).toEqual({
    PUBSUB_EMULATOR_HOST: alone.endpoints.pubsub,
    PUBSUB_PROJECT_ID: "anyqueue",
    METADATA_SERVER_DETECTION: "none",
  });
});

test("an error names a port that is already in use", async () => {
  const first = await startEmulator({ pubsubPort: 0 });
  emulators.push(first);
  const port = Number(first.endpoints.pubsub?.split(":")[1]);
  await expect(startEmulator({ pubsubPort: port })).rejects.toMatchObject({
    code: "CANNOT_LISTEN",
    message: expect.stringContaining(`Cannot listen on 127.0.0.1:${port}`),
  });
});

test("an emulator in a process of its own serves a client and can be controlled", async () => {
  const spawned = await spawnEmulator({ pubsubPort: 0 });
  try {
    const { PubSub } = newest.library;
    const apiEndpoint = spawned.endpoints.pubsub ?? "";
    const pubsub = new PubSub({ projectId: "p", apiEndpoint, emulatorMode: true });
    const [topic] = await pubsub.createTopic("orders");
    await topic.createSubscription("orders-sub");
    await topic.publishMessage({ data: Buffer.from("a") });
    expect(await spawned.control.subscriptions()).toMatchObject([
      { name: "projects/p/subscriptions/orders-sub", messages: [{ body: "a", state: "ready" }] },
    ]);
    await spawned.control.addFault({
      protocol: "pubsub",
      operation: "GetTopic",
      action: { kind: "error", code: "PERMISSION_DENIED" },
    });
    expect((await failureOf(topic.getMetadata({ timeout: 5000 }))).code).toBe(7);
    await pubsub.close();
  } finally {
    await spawned.close();
  }
});
