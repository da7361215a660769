import { describe, expect, test } from "vitest";
import {
  BUDGET,
  failureOf,
  PROJECT,
  PUBSUB_LIBRARIES,
  runPubsub,
  snapshotName,
  subscriptionName,
  topicName,
} from "../../support/running-pubsub.ts";

describe.each(PUBSUB_LIBRARIES)("topics, with the client $version", (library) => {
  test("a new topic has the name and the labels that it was given", async () => {
    const { publisher } = await runPubsub(library);
    const [created] = await publisher.createTopic({ name: topicName("orders"), labels: { team: "a" } });
    expect(created).toMatchObject({ name: topicName("orders"), labels: { team: "a" }, state: "ACTIVE" });
    const [found] = await publisher.getTopic({ topic: topicName("orders") });
    expect(found).toEqual(created);
  });

  test("the high-level client creates, finds and deletes a topic", async () => {
    const { pubsub } = await runPubsub(library);
    const [topic] = await pubsub.createTopic("orders");
    expect(topic.name).toBe(topicName("orders"));
    expect(await pubsub.topic("orders").exists()).toEqual([true]);
    await topic.delete();
    expect(await pubsub.topic("orders").exists()).toEqual([false]);
  });

  test("a name is taken only once", async () => {
    const { pubsub } = await runPubsub(library);
    await pubsub.createTopic("orders");
    expect(await failureOf(pubsub.createTopic("orders"))).toEqual({
      code: 6,
      text: "Resource already exists in the project (resource=orders).",
    });
  });

  test("a topic that is missing is not found, whatever is done to it", async () => {
    const { publisher } = await runPubsub(library);
    const topic = topicName("missing");
    const missing = { code: 5, text: "Resource not found (resource=missing)." };
    const messages = [{ data: Buffer.from("a") }];
    expect(await failureOf(publisher.getTopic({ topic }, BUDGET))).toEqual(missing);
    expect(await failureOf(publisher.deleteTopic({ topic }, BUDGET))).toEqual(missing);
    expect(await failureOf(publisher.publish({ topic, messages }, BUDGET))).toEqual(missing);
    expect(await failureOf(publisher.listTopicSubscriptions({ topic }, BUDGET))).toEqual(missing);
    expect(await failureOf(publisher.listTopicSnapshots({ topic }, BUDGET))).toEqual(missing);
    const update = { topic: { name: topic, labels: {} }, updateMask: { paths: ["labels"] } };
    expect(await failureOf(publisher.updateTopic(update, BUDGET))).toEqual(missing);
  });

  test.each(["ab", "1abc", "goog-orders", "with space", "a".repeat(256), "umlaut-ä"])(
    "the name %s is refused",
    async (id) => {
      const { publisher } = await runPubsub(library);
      const failure = await failureOf(publisher.createTopic({ name: topicName(id) }, BUDGET));
      expect(failure.code).toBe(3);
      expect(failure.text).toContain(`Invalid resource name given (name=${topicName(id)}).`);
    },
  );

  test("a list comes in pages, sorted, and of one project alone", async () => {
    const { publisher, connect } = await runPubsub(library);
    for (const id of ["bbb", "aaa", "ccc"]) await publisher.createTopic({ name: topicName(id) });
    await connect({ projectId: "other-project" }).createTopic("ddd");
    const project = `projects/${PROJECT}`;
    const [first, , page] = await publisher.listTopics(
      { project, pageSize: 2 },
      { ...BUDGET, autoPaginate: false },
    );
    expect(first.map(({ name }) => name)).toEqual([topicName("aaa"), topicName("bbb")]);
    const pageToken = page?.nextPageToken ?? "";
    const [second, , last] = await publisher.listTopics(
      { project, pageSize: 2, pageToken },
      { ...BUDGET, autoPaginate: false },
    );
    expect(second.map(({ name }) => name)).toEqual([topicName("ccc")]);
    expect(last?.nextPageToken).toBe("");
  });

  test("the client's own paging sees every topic", async () => {
    const { pubsub, publisher } = await runPubsub(library);
    for (let index = 0; index < 7; index += 1) {
      await publisher.createTopic({ name: topicName(`topic-${index}`) });
    }
    const names: string[] = [];
    for await (const topic of publisher.listTopicsAsync({ project: `projects/${PROJECT}`, pageSize: 3 })) {
      names.push(topic.name ?? "");
    }
    expect(names).toHaveLength(7);
    const [topics] = await pubsub.getTopics();
    expect(topics.map(({ name }) => name)).toEqual(names);
  });

  test("a page token that the emulator did not issue is refused", async () => {
    const { publisher } = await runPubsub(library);
    const request = { project: `projects/${PROJECT}`, pageToken: "bogus" };
    const failure = await failureOf(publisher.listTopics(request, { ...BUDGET, autoPaginate: false }));
    expect(failure).toEqual({
      code: 3,
      text: "You have passed an invalid page token to the service (page_token=bogus).",
    });
  });

  test("an update changes what its mask names and nothing else", async () => {
    const { publisher } = await runPubsub(library);
    const name = topicName("orders");
    await publisher.createTopic({ name, labels: { team: "a" } });
    const topic = { name, labels: { team: "b" }, messageRetentionDuration: { seconds: 600 } };
    const [updated] = await publisher.updateTopic({
      topic,
      updateMask: { paths: ["message_retention_duration"] },
    });
    expect(updated.labels).toEqual({ team: "a" });
    expect(updated.messageRetentionDuration?.seconds).toBe("600");
    const [relabelled] = await publisher.updateTopic({ topic, updateMask: { paths: ["labels"] } });
    expect(relabelled.labels).toEqual({ team: "b" });
  });

  test.each([
    [[], "The update_mask in the UpdateTopicRequest must be set, and must contain a valid path."],
    [["name"], "the 'name' field in the Topic is not mutable."],
    [["messageRetentionDuration"], "'messageRetentionDuration' is not a known Topic field."],
    [["colour"], "'colour' is not a known Topic field."],
  ])("an update with the mask %j is refused", async (paths, text) => {
    const { publisher } = await runPubsub(library);
    const name = topicName("orders");
    await publisher.createTopic({ name });
    const failure = await failureOf(
      publisher.updateTopic({ topic: { name }, updateMask: { paths } }, BUDGET),
    );
    expect(failure.code).toBe(3);
    expect(failure.text).toContain(text);
  });

  test("a retention that is too short or too long is refused", async () => {
    const { publisher } = await runPubsub(library);
    for (const seconds of [599, 31 * 86_400 + 1]) {
      const topic = { name: topicName("orders"), messageRetentionDuration: { seconds } };
      const failure = await failureOf(publisher.createTopic(topic, BUDGET));
      expect(failure).toEqual({
        code: 3,
        text: `Topic message retention duration must be between 10 minutes and 31 days; got ${seconds} seconds.`,
      });
    }
  });

  test("unsupported settings are refused rather than silently ignored", async () => {
    const { publisher } = await runPubsub(library);
    const name = topicName("orders");
    const ingestionDataSourceSettings = { awsKinesis: { streamArn: "arn", consumerArn: "arn" } };
    const ingesting = await failureOf(publisher.createTopic({ name, ingestionDataSourceSettings }, BUDGET));
    const messageTransforms = [{ javascriptUdf: { functionName: "f", code: "function f() {}" } }];
    const transforming = await failureOf(publisher.createTopic({ name, messageTransforms }, BUDGET));
    expect([ingesting.code, transforming.code]).toEqual([12, 12]);
  });

  test("a topic lists its subscriptions and its snapshots", async () => {
    const { publisher, subscriber, createPair } = await runPubsub(library);
    const { topic, name } = await createPair();
    await subscriber.createSnapshot({ name: snapshotName("before"), subscription: name });
    expect((await publisher.listTopicSubscriptions({ topic }))[0]).toEqual([name]);
    expect((await publisher.listTopicSnapshots({ topic }))[0]).toEqual([snapshotName("before")]);
  });

  test("the subscriptions of a deleted topic stay, and what they hold can be pulled", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    await running.publish("a");
    await running.publisher.deleteTopic({ topic });
    const [subscription] = await running.subscriber.getSubscription({ subscription: name });
    expect(subscription.topic).toBe("_deleted-topic_");
    const [pulled] = await running.subscriber.pull({ subscription: name, maxMessages: 1 }, BUDGET);
    expect(pulled.receivedMessages).toHaveLength(1);
  });

  test("a topic of the same name does not get the subscriptions of the deleted one", async () => {
    const running = await runPubsub(library);
    const { topic } = await running.createPair();
    await running.publisher.deleteTopic({ topic });
    await running.publisher.createTopic({ name: topic });
    expect((await running.publisher.listTopicSubscriptions({ topic }))[0]).toEqual([]);
    await running.publish("a");
    expect(running.emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
    expect(subscriptionName("orders-sub")).toBe(running.emulator.pubsub.subscriptions()[0]?.name);
  });
});
