import { describe, expect, test } from "vitest";
import { openStream } from "../../support/open-stream.ts";
import { until } from "../../support/running-emulator.ts";
import { bodiesOf, pullNow, PUBSUB_LIBRARIES, runPubsub } from "../../support/running-pubsub.ts";

const ORDERED = { enableMessageOrdering: true };

describe.each(PUBSUB_LIBRARIES)("ordering, with the client $version", (library) => {
  test("messages of a key come in the order of their publication", async () => {
    const { pubsub, createPair } = await runPubsub(library);
    await createPair(ORDERED);
    const topic = pubsub.topic("orders", { messageOrdering: true, batching: { maxMilliseconds: 1 } });
    const bodies = Array.from({ length: 50 }, (_value, index) => String(index));
    await Promise.all(
      bodies.map((body) => topic.publishMessage({ data: Buffer.from(body), orderingKey: "k" })),
    );
    const got: string[] = [];
    pubsub.subscription("orders-sub").on("message", (message) => {
      got.push(String(message.data));
      message.ack();
    });
    await until(() => got.length === 50);
    expect(got).toEqual(bodies);
  });

  test("while one pull holds messages of a key, no other gets any of that key", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(ORDERED);
    await running.publishTo("k", "1", "2", "3");
    await running.publishTo("other", "x");
    const first = await pullNow(running, name, 1);
    expect(bodiesOf(first)).toEqual(["1"]);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["x"]);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [first[0]?.ackId ?? ""] });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["2", "3"]);
  });

  test("one stream holds a key while any of its messages is leased; another may get it afterwards", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(ORDERED);
    const streams = [openStream(running.subscriber, name), openStream(running.subscriber, name)];
    await until(() => streams.every(({ responses }) => responses.length === 1));
    await running.publishTo("k", "1");
    await running.publishTo("k", "2");
    await running.publishTo("k", "3");
    await until(() => streams.some(({ messages }) => messages.length === 3));
    expect(streams.filter(({ messages }) => messages.length === 0)).toHaveLength(1);
    const owner = streams.find(({ messages }) => messages.length === 3);
    owner?.write({ ackIds: owner.messages.map(({ ackId }) => ackId ?? "") });
    await until(() => running.emulator.pubsub.subscriptions()[0]?.messages.length === 0);
    owner?.cancel();
    await running.publishTo("k", "4");
    await until(() => streams.some((stream) => stream !== owner && stream.messages.length === 1));
  });

  test("a nack brings back the message and everything of its key that came later, in order", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(ORDERED);
    await running.publishTo("k", "1", "2", "3");
    const [, second] = await pullNow(running, name);
    const ackIds = [second?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
    // The first message is still leased, and only its holder could get more of the key.
    expect(await pullNow(running, name)).toEqual([]);
    await running.emulator.clock.advance(10_000);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["1", "2", "3"]);
  });

  test("a failure brings back even later messages of its key that were already acknowledged", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(ORDERED);
    await running.publishTo("k", "1", "2", "3");
    const [first, , third] = await pullNow(running, name);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [third?.ackId ?? ""] });
    const ackIds = [first?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["1", "2", "3"]);
  });

  test("under exactly-once delivery an acknowledged message stays acknowledged", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair({ ...ORDERED, enableExactlyOnceDelivery: true });
    await running.publishTo("k", "1", "2", "3");
    const [first, , third] = await pullNow(running, name);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [third?.ackId ?? ""] });
    const ackIds = [first?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["1", "2"]);
  });

  test("a key that backs off holds up its own messages and nobody else's", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const retryPolicy = { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 20 } };
    const { name } = await running.createPair({ ...ORDERED, retryPolicy });
    await running.publishTo("k", "1", "2");
    const [first] = await pullNow(running, name);
    const ackIds = [first?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
    await running.publishTo("k", "3");
    await running.publishTo("other", "x");
    expect(bodiesOf(await pullNow(running, name))).toEqual(["x"]);
    await running.emulator.clock.advance(20_000);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["1", "2", "3"]);
  });

  test("without ordering the key is kept but has no effect", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publishTo("k", "1", "2");
    expect(await pullNow(running, name, 1)).toMatchObject([{ body: "1", key: "k" }]);
    expect(await pullNow(running, name, 1)).toMatchObject([{ body: "2", key: "k" }]);
  });
});
