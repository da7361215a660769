import { describe, expect, test } from "vitest";
import { until } from "../../support/running-emulator.ts";
import {
  bodiesOf,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
  topicName,
  type RunningPubsub,
} from "../../support/running-pubsub.ts";

const DEAD = { deadLetterPolicy: { deadLetterTopic: topicName("dead"), maxDeliveryAttempts: 5 } };

describe.each(PUBSUB_LIBRARIES)("redelivery, with the client $version", (library) => {
  test("deliveries are counted from 1 where there is a dead-letter policy, and not otherwise", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const { name } = await running.createPair(DEAD);
    const [other] = await running.pubsub.topic("orders").createSubscription("other-sub");
    await running.publish("a");
    expect((await pullNow(running, name))[0]?.attempt).toBe(1);
    await running.emulator.clock.advance(10_000);
    expect((await pullNow(running, name))[0]?.attempt).toBe(2);
    expect((await pullNow(running, other.name))[0]?.attempt).toBe(0);
  });

  test("after its last attempt a message is on the dead-letter topic, and says where it comes from", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const { topic, name } = await running.createPair(DEAD);
    const [dead] = await running.pubsub.topic("dead").createSubscription("dead-sub");
    const before = Date.now();
    await running.publisher.publish({
      topic,
      messages: [{ data: Buffer.from("a"), attributes: { kind: "new" }, orderingKey: "k" }],
    });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const [message] = await pullNow(running, name);
      expect(message?.attempt).toBe(attempt);
      await nack(running, name, message?.ackId);
    }
    expect(await pullNow(running, name)).toEqual([]);
    const [buried] = await pullNow(running, dead.name);
    const { CloudPubSubDeadLetterSourceTopicPublishTime: publishTime, ...attributes } =
      buried?.attributes ?? {};
    expect(buried).toMatchObject({ body: "a", key: "k", attempt: 0 });
    expect(attributes).toEqual({
      kind: "new",
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: "orders-sub",
      CloudPubSubDeadLetterSourceSubscriptionProject: "test-project",
    });
    expect(Date.parse(publishTime ?? "")).toBeGreaterThanOrEqual(before - 1);
    expect(running.emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
  });

  test("an expiry counts like a nack", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const { name } = await running.createPair(DEAD);
    const [dead] = await running.pubsub.topic("dead").createSubscription("dead-sub");
    await running.publish("a");
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect((await pullNow(running, name))[0]?.attempt).toBe(attempt);
      await running.emulator.clock.advance(10_000);
    }
    expect(bodiesOf(await pullNow(running, dead.name))).toEqual(["a"]);
  });

  test("without its dead-letter topic a message is delivered again and again", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const { name } = await running.createPair(DEAD);
    await running.publisher.deleteTopic({ topic: topicName("dead") });
    await running.publish("a");
    for (let attempt = 1; attempt <= 7; attempt += 1) {
      const [message] = await pullNow(running, name);
      expect(message?.attempt).toBe(attempt);
      await nack(running, name, message?.ackId);
    }
  });

  test("a policy can be taken away", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const { topic, name } = await running.createPair(DEAD);
    await running.subscriber.updateSubscription({
      subscription: { name, topic },
      updateMask: { paths: ["dead_letter_policy"] },
    });
    await running.publish("a");
    expect((await pullNow(running, name))[0]?.attempt).toBe(0);
  });

  test("a retry policy doubles the wait with each failure of a message, up to its maximum", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair({
      retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 7 } },
    });
    await running.publish("a");
    for (const seconds of [2, 4, 7, 7]) {
      const [message] = await pullNow(running, name);
      await nack(running, name, message?.ackId);
      expect(running.emulator.pubsub.subscriptions()[0]?.messages[0]?.state).toBe("waiting");
      await running.emulator.clock.advance(seconds * 1000 - 1);
      expect(await pullNow(running, name)).toEqual([]);
      await running.emulator.clock.advance(1);
    }
    expect(await pullNow(running, name)).toHaveLength(1);
  });

  test("each message backs off by itself", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair({
      retryPolicy: { minimumBackoff: { seconds: 5 }, maximumBackoff: { seconds: 600 } },
    });
    await running.publish("a", "b");
    const [first, second] = await pullNow(running, name);
    await nack(running, name, first?.ackId);
    await running.emulator.clock.advance(3000);
    await nack(running, name, second?.ackId);
    await running.emulator.clock.advance(2000);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["a"]);
    await running.emulator.clock.advance(3000);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["b"]);
  });

  test("the high-level client sees the delivery attempt", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    await running.createPair(DEAD);
    const attempts: number[] = [];
    running.pubsub.subscription("orders-sub").on("message", (message) => {
      attempts.push(message.deliveryAttempt);
      message.nack();
    });
    await running.publish("a");
    await until(() => attempts.length === 5);
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
  });

  test("a filter lets through what it matches, and what it does not counts as acknowledged", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair({
      filter: 'attributes.kind = "new" AND NOT hasPrefix(attributes.region, "us-")',
    });
    const publish = (body: string, attributes: Record<string, string>) =>
      running.publisher.publish({ topic, messages: [{ data: Buffer.from(body), attributes }] });
    await publish("1", { kind: "new", region: "eu-west" });
    await publish("2", { kind: "new", region: "us-east" });
    await publish("3", { kind: "old" });
    await publish("4", { kind: "new" });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["1", "4"]);
    expect(running.emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(2);
    expect(name).toBe(subscriptionName("orders-sub"));
  });
});

async function nack({ subscriber }: RunningPubsub, subscription: string, ackId = ""): Promise<void> {
  await subscriber.modifyAckDeadline({ subscription, ackIds: [ackId], ackDeadlineSeconds: 0 });
}
