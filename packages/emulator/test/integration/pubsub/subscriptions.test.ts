import { describe, expect, test } from "vitest";
import {
  BUDGET,
  failureOf,
  PROJECT,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
  topicName,
} from "../../support/running-pubsub.ts";

const DAY_MS = 86_400_000;

describe.each(PUBSUB_LIBRARIES)("subscriptions, with the client $version", (library) => {
  test("a new subscription has the service's defaults", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { topic, name } = await createPair();
    const [subscription] = await subscriber.getSubscription({ subscription: name });
    expect(subscription).toMatchObject({
      name,
      topic,
      ackDeadlineSeconds: 10,
      messageRetentionDuration: { seconds: "604800" },
      expirationPolicy: { ttl: { seconds: "2678400" } },
      retainAckedMessages: false,
      enableMessageOrdering: false,
      enableExactlyOnceDelivery: false,
      detached: false,
      filter: "",
      deadLetterPolicy: null,
      retryPolicy: null,
      state: "ACTIVE",
    });
  });

  test("every setting is kept", async () => {
    const { publisher, pubsub, subscriber } = await runPubsub(library);
    await publisher.createTopic({
      name: topicName("orders"),
      messageRetentionDuration: { seconds: 3600 },
    });
    await publisher.createTopic({ name: topicName("dead") });
    await pubsub.topic("orders").createSubscription("orders-sub", {
      ackDeadlineSeconds: 77,
      retainAckedMessages: true,
      messageRetentionDuration: 1200,
      labels: { team: "a" },
      enableMessageOrdering: true,
      enableExactlyOnceDelivery: true,
      filter: 'attributes.kind = "new"',
      deadLetterPolicy: { deadLetterTopic: topicName("dead"), maxDeliveryAttempts: 7 },
      retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 20 } },
      expirationPolicy: {},
    });
    const [found] = await subscriber.getSubscription({ subscription: subscriptionName("orders-sub") });
    expect(found).toMatchObject({
      ackDeadlineSeconds: 77,
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: "1200" },
      topicMessageRetentionDuration: { seconds: "3600" },
      labels: { team: "a" },
      enableMessageOrdering: true,
      enableExactlyOnceDelivery: true,
      filter: 'attributes.kind = "new"',
      deadLetterPolicy: { deadLetterTopic: topicName("dead"), maxDeliveryAttempts: 7 },
      retryPolicy: { minimumBackoff: { seconds: "2" }, maximumBackoff: { seconds: "20" } },
      expirationPolicy: { ttl: null },
    });
  });

  test("partial policies get the defaults for the rest", async () => {
    const { publisher, subscriber, createPair } = await runPubsub(library);
    await publisher.createTopic({ name: topicName("dead") });
    const { name } = await createPair({
      deadLetterPolicy: { deadLetterTopic: topicName("dead") },
      retryPolicy: { minimumBackoff: { seconds: 20 } },
    });
    const [found] = await subscriber.getSubscription({ subscription: name });
    expect(found.deadLetterPolicy?.maxDeliveryAttempts).toBe(5);
    expect(found.retryPolicy?.maximumBackoff?.seconds).toBe("600");
  });

  test.each<[string, object, string]>([
    ["a short deadline", { ackDeadlineSeconds: 9 }, "Invalid ack deadline given: (ackDeadlineSeconds=9)."],
    ["a long deadline", { ackDeadlineSeconds: 601 }, "Invalid ack deadline given: (ackDeadlineSeconds=601)."],
    ["a short retention", { messageRetentionDuration: { seconds: 599 } }, "between 10 minutes and 31 days"],
    ["a short life", { expirationPolicy: { ttl: { seconds: 86_399 } } }, "must be at least 1 day"],
    ["too few attempts", dead(4), "Max delivery attempts must be between 5 and 100; got 4."],
    ["too many attempts", dead(101), "Max delivery attempts must be between 5 and 100; got 101."],
    ["a long backoff", { retryPolicy: { maximumBackoff: { seconds: 601 } } }, "between 0 and 600 seconds"],
    [
      "a least backoff over the most",
      { retryPolicy: { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 10 } } },
      "minimum backoff must not exceed",
    ],
    ["a bad filter", { filter: "attributes.a" }, "Invalid filter: expected = or !=, got the end"],
    ["a long filter", { filter: `attributes.a = "${"x".repeat(300)}"` }, "and 256 is the most"],
    ["a push endpoint elsewhere", push("http://example.com/"), "pushes to loopback addresses only"],
    ["a push endpoint that is no URL", push("nonsense"), "Invalid push endpoint given (endpoint=nonsense)."],
    [
      "exactly-once push",
      { ...push("http://127.0.0.1:1/"), enableExactlyOnceDelivery: true },
      "Exactly-once delivery is not supported for push subscriptions.",
    ],
  ])("%s is refused", async (_what, settings, text) => {
    const { publisher, subscriber } = await runPubsub(library);
    const topic = topicName("orders");
    await publisher.createTopic({ name: topic });
    const request = { name: subscriptionName("orders-sub"), topic, ...settings };
    const failure = await failureOf(subscriber.createSubscription(request, BUDGET));
    expect(failure.code).toBe(3);
    expect(failure.text).toContain(text);
  });

  test("topics that are missing are not found, and a name is taken only once", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { topic, name } = await createPair();
    const create = (more: object) =>
      failureOf(subscriber.createSubscription({ name, topic, ...more }, BUDGET));
    expect((await create({ topic: topicName("missing") })).code).toBe(5);
    expect((await create(dead(5))).code).toBe(5);
    expect((await create({})).code).toBe(6);
  });

  test("an export to another product is refused", async () => {
    const { publisher, subscriber } = await runPubsub(library);
    const topic = topicName("orders");
    await publisher.createTopic({ name: topic });
    const request = { name: subscriptionName("orders-sub"), topic, bigqueryConfig: { table: "p.d.t" } };
    expect(await failureOf(subscriber.createSubscription(request, BUDGET))).toEqual({
      code: 12,
      text: "The emulator does not export messages to BigQuery, Cloud Storage or Bigtable.",
    });
  });

  test("an update by the high-level client applies at once", async () => {
    const { pubsub, subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    await pubsub.subscription("orders-sub").setMetadata({
      ackDeadlineSeconds: 33,
      retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 3 } },
    });
    const [found] = await subscriber.getSubscription({ subscription: name });
    expect(found.ackDeadlineSeconds).toBe(33);
    expect(found.retryPolicy?.minimumBackoff?.seconds).toBe("1");
  });

  test("a mask may lead into a policy", async () => {
    const { publisher, subscriber, createPair } = await runPubsub(library);
    await publisher.createTopic({ name: topicName("dead") });
    const { topic, name } = await createPair(dead(5));
    const subscription = { name, topic, deadLetterPolicy: { maxDeliveryAttempts: 9 } };
    const updateMask = { paths: ["dead_letter_policy.max_delivery_attempts"] };
    const [updated] = await subscriber.updateSubscription({ subscription, updateMask });
    expect(updated.deadLetterPolicy).toEqual({
      deadLetterTopic: topicName("dead"),
      maxDeliveryAttempts: 9,
    });
  });

  test.each(["name", "topic", "enable_message_ordering", "filter", "detached"])(
    "the field %s cannot be changed",
    async (field) => {
      const { subscriber, createPair } = await runPubsub(library);
      const { topic, name } = await createPair();
      const request = { subscription: { name, topic }, updateMask: { paths: [field] } };
      expect(await failureOf(subscriber.updateSubscription(request, BUDGET))).toEqual({
        code: 3,
        text: `Invalid update_mask provided in the UpdateSubscriptionRequest: the '${field}' field in the Subscription is not mutable.`,
      });
    },
  );

  test("an update is checked like a creation", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { topic, name } = await createPair();
    const subscription = { name, topic, ackDeadlineSeconds: 5 };
    const updateMask = { paths: ["ack_deadline_seconds"] };
    expect((await failureOf(subscriber.updateSubscription({ subscription, updateMask }, BUDGET))).code).toBe(
      3,
    );
    expect((await subscriber.getSubscription({ subscription: name }))[0].ackDeadlineSeconds).toBe(10);
  });

  test("lists show the subscriptions of a project or of a topic", async () => {
    const { pubsub, createPair, subscriber } = await runPubsub(library);
    await createPair();
    const [other] = await pubsub.createTopic("other");
    await other.createSubscription("other-sub");
    const [all] = await subscriber.listSubscriptions({ project: `projects/${PROJECT}` });
    expect(all.map(({ name }) => name)).toEqual(["orders-sub", "other-sub"].map(subscriptionName));
    const [ofTopic] = await other.getSubscriptions();
    expect(ofTopic.map(({ name }) => name)).toEqual([subscriptionName("other-sub")]);
  });

  test("a deleted subscription is gone with its messages", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair();
    await publish("a");
    await pubsub.subscription("orders-sub").delete();
    expect(await pubsub.subscription("orders-sub").exists()).toEqual([false]);
    await pubsub.topic("orders").createSubscription("orders-sub");
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
  });

  test("a detached subscription keeps its settings, loses its messages and cannot be pulled", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    await running.publish("a");
    await running.pubsub.detachSubscription("orders-sub");
    const [found] = await running.subscriber.getSubscription({ subscription: name });
    expect([found.detached, found.topic]).toEqual([true, topic]);
    expect((await running.publisher.listTopicSubscriptions({ topic }))[0]).toEqual([]);
    await running.publish("b");
    expect(await failureOf(pullNow(running, name))).toEqual({
      code: 9,
      text: `The subscription is detached from its topic (subscription=${name}).`,
    });
  });

  test("a subscription that nobody uses for its ttl expires, and use keeps it alive", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair({ expirationPolicy: { ttl: { seconds: 86_400 } } });
    await running.emulator.clock.advance(DAY_MS - 1000);
    await pullNow(running, name);
    await running.emulator.clock.advance(DAY_MS - 1000);
    expect(running.emulator.pubsub.subscriptions()).toHaveLength(1);
    await running.emulator.clock.advance(1001);
    expect(running.emulator.pubsub.subscriptions()).toEqual([]);
    expect((await failureOf(running.subscriber.getSubscription({ subscription: name }, BUDGET))).code).toBe(
      5,
    );
  });

  test("messages older than the retention are gone", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair({ messageRetentionDuration: { seconds: 600 } });
    await running.publish("old");
    await running.emulator.clock.advance(300_000);
    await running.publish("young");
    await running.emulator.clock.advance(300_001);
    expect((await pullNow(running, name)).map(({ body }) => body)).toEqual(["young"]);
  });
});

function dead(maxDeliveryAttempts: number) {
  return { deadLetterPolicy: { deadLetterTopic: topicName("dead"), maxDeliveryAttempts } };
}

function push(pushEndpoint: string) {
  return { pushConfig: { pushEndpoint } };
}
