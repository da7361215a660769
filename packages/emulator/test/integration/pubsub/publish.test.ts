import { describe, expect, test, vi } from "vitest";
import {
  BUDGET,
  failureOf,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  topicName,
} from "../../support/running-pubsub.ts";

const EMPTY =
  "One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.";

describe.each(PUBSUB_LIBRARIES)("publish, with the client $version", (library) => {
  test("a message arrives with data, attributes, key, id and time", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    const before = Date.now();
    const data = Buffer.from([0, 1, 254, 255]);
    const attributes = { kind: "new", "ünïcode key": "välue" };
    const [{ messageIds }] = await running.publisher.publish({
      topic: topicName("orders"),
      messages: [{ data, attributes, orderingKey: "key-1" }],
    });
    const [{ receivedMessages }] = await running.subscriber.pull(
      { subscription: name, maxMessages: 1 },
      BUDGET,
    );
    const message = receivedMessages?.[0]?.message;
    expect(Buffer.from(message?.data ?? "")).toEqual(data);
    expect(message).toMatchObject({ attributes, orderingKey: "key-1", messageId: messageIds?.[0] });
    const publishedAt = Number(message?.publishTime?.seconds) * 1000;
    expect(publishedAt).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
    expect(publishedAt).toBeLessThanOrEqual(Date.now());
  });

  test("ids are decimal and rise", async () => {
    const { createPair, publish } = await runPubsub(library);
    await createPair();
    const ids = [...(await publish("a", "b", "c")), ...(await publish("d"))].map(Number);
    expect(ids).toEqual(ids.toSorted((left, right) => left - right));
    expect(new Set(ids).size).toBe(4);
    expect(ids.every(Number.isSafeInteger)).toBe(true);
  });

  test("the high-level client batches what is published together", async () => {
    const { pubsub, createPair, emulator } = await runPubsub(library);
    await createPair();
    const topic = pubsub.topic("orders", { batching: { maxMessages: 10, maxMilliseconds: 50 } });
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_value, index) => topic.publishMessage({ data: Buffer.from(`${index}`) })),
    );
    expect(new Set(ids).size).toBe(30);
    expect(emulator.log.count("Publish")).toBe(3);
    expect(emulator.log.entries().filter(({ operation }) => operation === "Publish")[0]?.entries).toBe(10);
  });

  test("every subscription of a topic gets every message", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    const [other] = await running.pubsub.topic("orders").createSubscription("other-sub");
    await running.publish("a");
    expect((await pullNow(running, name)).map(({ body }) => body)).toEqual(["a"]);
    expect((await pullNow(running, other.name)).map(({ body }) => body)).toEqual(["a"]);
  });

  test("a subscription gets what is published after it was made", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("orders") });
    await running.publish("before");
    const [subscription] = await running.pubsub.topic("orders").createSubscription("orders-sub");
    await running.publish("after");
    expect((await pullNow(running, subscription.name)).map(({ body }) => body)).toEqual(["after"]);
  });

  test("attributes alone make a message", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    await running.publisher.publish({ topic, messages: [{ attributes: { a: "b" } }] });
    expect(await pullNow(running, name)).toMatchObject([{ body: "", attributes: { a: "b" } }]);
  });

  test.each<[string, object[], string]>([
    ["an empty message", [{}], EMPTY],
    ["an empty message among others", [{ data: Buffer.from("a") }, {}], EMPTY],
    ["no message", [], "The publish request contains no messages."],
    [
      "too many messages",
      Array.from({ length: 1001 }, () => ({ data: Buffer.from("a") })),
      "The value for message_count is too large. You passed 1001 in the request, but the maximum value is 1000.",
    ],
    [
      "a long attribute key",
      [{ attributes: { ["k".repeat(257)]: "v" } }],
      "The value for attribute_key_size is too large. You passed 257 in the request, but the maximum value is 256.",
    ],
    [
      "a long attribute value",
      [{ attributes: { k: "ä".repeat(513) } }],
      "The value for attribute_value_size is too large. You passed 1026 in the request, but the maximum value is 1024.",
    ],
    [
      "too many attributes",
      [
        {
          attributes: Object.fromEntries(Array.from({ length: 101 }, (_value, index) => [`k${index}`, "v"])),
        },
      ],
      "The value for attributes_count is too large. You passed 101 in the request, but the maximum value is 100.",
    ],
    ["a reserved attribute key", [{ attributes: { googKey: "v" } }], 'must not start with "goog"'],
    ["an empty attribute key", [{ attributes: { "": "v" } }], "An attribute key must not be empty."],
    [
      "a long ordering key",
      [{ data: Buffer.from("a"), orderingKey: "k".repeat(1025) }],
      "The value for ordering_key_size is too large. You passed 1025 in the request, but the maximum value is 1024.",
    ],
    [
      "two ordering keys in one request",
      [
        { data: Buffer.from("a"), orderingKey: "a" },
        { data: Buffer.from("b"), orderingKey: "b" },
      ],
      "In a single publish request, all messages must have the same ordering key.",
    ],
    [
      "too much data",
      [{ data: Buffer.alloc(10_000_001, 97) }],
      "The value for request_size is too large. You passed 10000001 in the request, but the maximum value is 10000000.",
    ],
  ])("%s is refused, and nothing is published", async (_what, messages, text) => {
    const { publisher, createPair, emulator } = await runPubsub(library);
    const { topic } = await createPair();
    // Release 5 gathers requests, and counts their messages itself.
    const failure = await failureOf(publisher.publish({ topic, messages }, { ...BUDGET, isBundling: false }));
    expect(failure.code).toBe(3);
    expect(failure.text).toContain(text);
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
  });

  test("a message of nearly ten megabytes arrives whole", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    const data = Buffer.alloc(9_999_000, "abc");
    await running.publisher.publish({ topic, messages: [{ data }] }, { ...BUDGET, timeout: 20_000 });
    const [pulled] = await pullNow(running, name);
    expect(pulled?.body.length).toBe(9_999_000);
    expect(pulled?.body === data.toString()).toBe(true);
  });

  test("the environment points a client at the emulator", async () => {
    const { emulator } = await runPubsub(library);
    for (const [name, value] of Object.entries(emulator.environment)) vi.stubEnv(name, value);
    const pubsub = new library.library.PubSub({ projectId: process.env["PUBSUB_PROJECT_ID"] ?? "" });
    const [topic] = await pubsub.createTopic("orders");
    expect(topic.name).toBe("projects/anyqueue/topics/orders");
    await pubsub.close();
  });
});
