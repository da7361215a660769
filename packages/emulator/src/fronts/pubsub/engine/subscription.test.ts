import { describe, expect, test } from "vitest";
import { isCollected } from "../../../../test/support/is-collected.ts";
import { consume, manualPubsub, take, textsOf, TOPIC } from "../../../../test/support/manual-pubsub.ts";
import { durationOf } from "./resources.ts";

const ORDERED = { enableMessageOrdering: true };

describe("delivery", () => {
  test("consumers get single messages in turn", () => {
    const { subscription, publish } = manualPubsub();
    const orders = subscription("orders-sub");
    const consumers = [consume(orders), consume(orders), consume(orders)];
    for (let index = 0; index < 9; index += 1) publish("", String(index));
    expect(consumers.map(({ got }) => got.length)).toEqual([3, 3, 3]);
  });

  test("a consumer that holds a key gets other keys too, in turn with its own", () => {
    const { subscription, publish } = manualPubsub();
    const orders = subscription("orders-sub", ORDERED);
    publish("busy", ...Array.from({ length: 10 }, (_value, index) => `b${index}`));
    publish("rare", "r0");
    expect(textsOf(take(orders, 4))).toContain("r0");
  });

  test("a blocked consumer gets nothing until it is unblocked and woken", () => {
    const { subscription, publish } = manualPubsub();
    const orders = subscription("orders-sub");
    const { consumer, got } = consume(orders);
    consumer.isBlocked = true;
    publish("", "a");
    expect(got).toEqual([]);
    consumer.isBlocked = false;
    orders.wake();
    expect(textsOf(got)).toEqual(["a"]);
  });

  test("a consumer that takes one of a key at a time gets the next when that is settled", () => {
    const { subscription, publish } = manualPubsub();
    const orders = subscription("orders-sub", ORDERED);
    const { got } = consume(orders, { isOneAtATime: true });
    publish("k", "1", "2");
    publish("other", "x");
    expect(textsOf(got)).toEqual(["1", "x"]);
    orders.acknowledge([got[0]?.ackId ?? ""]);
    expect(textsOf(got)).toEqual(["1", "x", "2"]);
  });

  test("a key whose holder has left is free once its last message is settled or has expired", async () => {
    const { subscription, publish, clock } = manualPubsub();
    const orders = subscription("orders-sub", ORDERED);
    publish("k", "1", "2", "3");
    const first = consume(orders, { maxMessages: 2 });
    orders.leave(first.consumer);
    const second = consume(orders);
    orders.acknowledge([first.got[0]?.ackId ?? ""]);
    expect(second.got).toEqual([]);
    await clock.advance(10_000);
    expect(textsOf(second.got)).toEqual(["2", "3"]);
  });

  test("big batches leave in parts, so that a stream can say that it is full", () => {
    const { subscription, engine } = manualPubsub();
    const orders = subscription("orders-sub");
    const message = { data: Buffer.alloc(1000), attributes: {}, orderingKey: "" };
    engine.publish(
      TOPIC,
      Array.from({ length: 1000 }, () => message),
    );
    const sizes: number[] = [];
    consume(orders, { deliver: (batch) => sizes.push(batch.length) });
    expect(sizes).toEqual([500, 500]);
  });

  test("a batch of big messages is cut by its bytes", () => {
    const { subscription, engine } = manualPubsub();
    const orders = subscription("orders-sub");
    const message = { data: Buffer.alloc(300_000), attributes: {}, orderingKey: "" };
    engine.publish(
      TOPIC,
      Array.from({ length: 5 }, () => message),
    );
    const sizes: number[] = [];
    consume(orders, { deliver: (batch) => sizes.push(batch.length) });
    expect(sizes).toEqual([2, 2, 1]);
  });
});

describe("failures", () => {
  test("a dead letter of a key does not hold up what follows it", () => {
    const { subscription, publish, topic, engine } = manualPubsub();
    const deadLetterTopic = "projects/p/topics/dead";
    topic(deadLetterTopic);
    const dead = engine.subscriptions.create({
      ...subscription("template").resource,
      name: "projects/p/subscriptions/dead-sub",
      topic: deadLetterTopic,
    });
    const orders = subscription("orders-sub", {
      ...ORDERED,
      deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 },
    });
    publish("k", "poison", "good");
    for (let attempt = 0; attempt < 5; attempt += 1) {
      orders.modifyAckDeadline([take(orders, 1)[0]?.ackId ?? ""], 0);
    }
    expect(textsOf(take(orders))).toEqual(["good"]);
    expect(textsOf(take(dead))).toEqual(["poison"]);
  });

  test("giving a message back does not count as a failure", () => {
    const { subscription, publish } = manualPubsub();
    const orders = subscription("orders-sub");
    publish("", "a");
    orders.giveBack([take(orders)[0]?.ackId ?? ""]);
    expect(orders.backlog.all()).toMatchObject([{ state: "ready", failures: 0, deliveries: 1 }]);
  });

  test("an ack id of another subscription settles nothing", () => {
    const { subscription, publish } = manualPubsub();
    const [orders, others] = [subscription("orders-sub"), subscription("others-sub")];
    publish("", "a");
    const [mine] = take(orders);
    take(others);
    expect(others.acknowledge([mine?.ackId ?? ""]).invalid).toEqual([mine?.ackId]);
    expect(others.backlog.size).toBe(1);
  });
});

describe("retention", () => {
  test("drops open, leased and acknowledged messages when they are old", async () => {
    const { subscription, publish, clock } = manualPubsub();
    const orders = subscription("orders-sub", {
      retainAckedMessages: true,
      messageRetentionDuration: durationOf(600_000),
    });
    publish("", "acknowledged", "open");
    orders.acknowledge([take(orders, 1)[0]?.ackId ?? ""]);
    expect(orders.acknowledged()).toHaveLength(1);
    await clock.advance(599_999);
    publish("", "young");
    take(orders, 1);
    await clock.advance(1);
    expect(orders.acknowledged()).toEqual([]);
    expect(orders.backlog.all().map(({ message }) => String(message.data))).toEqual(["young"]);
    expect(orders.backlog.leased).toBe(0);
  });

  test("a shorter retention holds at once", async () => {
    const { subscription, publish, clock } = manualPubsub();
    const orders = subscription("orders-sub");
    publish("", "a");
    await clock.advance(700_000);
    orders.update({ ...orders.resource, messageRetentionDuration: durationOf(600_000) });
    await clock.advance(0);
    expect(orders.backlog.size).toBe(0);
  });

  test("a seek that keeps a leased message leaves its lease alone", async () => {
    const { subscription, publish, engine, clock } = manualPubsub();
    const orders = subscription("orders-sub", { retainAckedMessages: true });
    publish("", "old");
    await clock.advance(1000);
    publish("", "young");
    const [, young] = take(orders);
    engine.seekToTime(orders.name, clock.now());
    expect(orders.backlog.all()).toMatchObject([{ state: "leased" }]);
    expect(orders.acknowledge([young?.ackId ?? ""]).done).toHaveLength(1);
  });

  test("a seek on an ordered subscription brings a key again in order", async () => {
    const { subscription, publish, engine, clock } = manualPubsub();
    const orders = subscription("orders-sub", { ...ORDERED, retainAckedMessages: true });
    publish("k", "1", "2", "3");
    const [first, , third] = take(orders);
    orders.acknowledge([first?.ackId ?? "", third?.ackId ?? ""]);
    engine.seekToTime(orders.name, clock.now());
    expect(textsOf(take(orders))).toEqual(["1", "2", "3"]);
  });
});

test.each([{}, ORDERED])("no message that expired unread is kept: %o", async (settings) => {
  const { engine, subscription, clock } = manualPubsub();
  subscription("orders-sub", { ...settings, messageRetentionDuration: durationOf(600_000) });
  const publish = (): WeakRef<object> => {
    const data = Buffer.from("a");
    engine.publish(TOPIC, [{ data, attributes: {}, orderingKey: "k" }]);
    return new WeakRef(data);
  };
  const expired = publish();
  await clock.advance(300_000);
  const waits = publish();
  await clock.advance(300_000);
  expect([await isCollected(expired), await isCollected(waits)]).toEqual([true, false]);
});
