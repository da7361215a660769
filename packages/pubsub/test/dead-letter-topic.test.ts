import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { PubSub, Topic } from "@google-cloud/pubsub";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { rejection } from "./open-adapter.ts";
import { rawClient } from "./raw-sdk.ts";

// Whoever publishes to a topic without a subscription is told that all is well, and the message is gone.

const orders = defineQueue("orders", { retry: { attempts: 5 } });

let emulator: Emulator;
let sdk: PubSub;
let client: QueueClient;
let dead: Topic;

beforeEach(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  const endpoint = emulator.endpoints.pubsub ?? "";
  sdk = rawClient(endpoint);
  client = createClient(`pubsub://p?endpoint=${endpoint}`, [pubsub()]);
  [dead] = await sdk.createTopic("orders-dead");
  const [topic] = await sdk.createTopic("orders");
  const deadLetterPolicy = { deadLetterTopic: dead.name, maxDeliveryAttempts: 10 };
  await topic.createSubscription("orders", { deadLetterPolicy });
});

afterEach(async () => {
  await client.close();
  await sdk.close();
  await emulator.close();
});

test("a consumer does not start where its dead letters would be lost", async () => {
  const lost = {
    code: "NOT_FOUND",
    cause: { message: expect.stringContaining("has no subscription") as string },
  };
  expect(await rejection(client.verify(orders))).toMatchObject(lost);
  expect(await rejection(client.consumer(orders).run(() => {}))).toMatchObject(lost);
  await dead.createSubscription("orders-dead");
  await client.verify(orders);
});

// The subscription of a topic that is deleted and made anew stays with the deleted one.
test("a queue's producer confirms nothing while its topic, made anew, has no subscription", async () => {
  const producer = client.producer(orders);
  await producer.send("kept");
  await sdk.topic("orders").delete();
  expect(await rejection(producer.send("refused"))).toMatchObject({ code: "NOT_FOUND" });
  const [topic] = await sdk.createTopic("orders");
  expect(await rejection(producer.send("lost"))).toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("has no subscription") as string,
  });
  await topic.createSubscription("orders-anew");
  await producer.send("kept again");
});

test("it starts where it may not see who reads its dead letters", async () => {
  emulator.faults.add({
    operation: "ListTopicSubscriptions",
    action: { kind: "error", code: "PERMISSION_DENIED" },
  });
  await expect(client.verify(orders)).resolves.toBeUndefined();
  expect(emulator.log.count("ListTopicSubscriptions")).toBeGreaterThan(0);
});
