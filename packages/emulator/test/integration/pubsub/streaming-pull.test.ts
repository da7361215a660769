import type { Message, Subscription } from "@google-cloud/pubsub";
import { describe, expect, test } from "vitest";
import { until } from "../../support/running-emulator.ts";
import { openStream, type OpenStream } from "../../support/open-stream.ts";
import {
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
  type RunningPubsub,
} from "../../support/running-pubsub.ts";

describe.each(PUBSUB_LIBRARIES)("streaming pull, with the high-level client $version", (library) => {
  test("a subscription's listener gets what is published before and after it came", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair();
    await publish("before");
    const got = listen(pubsub.subscription("orders-sub"));
    await until(() => got.length === 1);
    await publish("after");
    await until(() => got.length === 2);
    expect(got.map(({ data }) => String(data))).toEqual(["before", "after"]);
    expect(got[0]?.deliveryAttempt).toBe(0);
    for (const message of got) message.ack();
    await until(() => emulator.pubsub.subscriptions()[0]?.messages.length === 0);
  });

  test("a nack brings a message back at once", async () => {
    const { pubsub, createPair, publish } = await runPubsub(library);
    await createPair();
    const got = listen(pubsub.subscription("orders-sub"), (message, count) =>
      count === 1 ? message.nack() : message.ack(),
    );
    await publish("a");
    await until(() => got.length === 2);
    expect(got[1]?.id).toBe(got[0]?.id);
  });

  test("a close gives back what the listener still holds", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair();
    const subscription = pubsub.subscription("orders-sub");
    const got = listen(subscription);
    await publish("a", "b");
    await until(() => got.length === 2);
    await subscription.close();
    await until(() => emulator.pubsub.subscriptions()[0]?.available === 2);
    expect(emulator.pubsub.subscriptions()[0]?.consumers).toEqual([]);
  });

  test("a listener on a missing subscription gets NOT_FOUND and is closed", async () => {
    const { pubsub } = await runPubsub(library);
    const subscription = pubsub.subscription("missing");
    const error = await errorOf(subscription);
    expect(error).toMatchObject({ code: 5, details: "Resource not found (resource=missing)." });
  });

  test("a listener gets NOT_FOUND when its subscription is deleted", async () => {
    const { pubsub, subscriber, createPair, emulator } = await runPubsub(library);
    const { name } = await createPair();
    const failing = errorOf(pubsub.subscription("orders-sub"));
    await until(() => (emulator.pubsub.subscriptions()[0]?.consumers.length ?? 0) > 0);
    await subscriber.deleteSubscription({ subscription: name });
    expect(await failing).toMatchObject({ code: 5 });
  });

  test("a listener gets FAILED_PRECONDITION when its subscription is detached", async () => {
    const { pubsub, createPair, emulator } = await runPubsub(library);
    await createPair();
    const failing = errorOf(pubsub.subscription("orders-sub"));
    await until(() => (emulator.pubsub.subscriptions()[0]?.consumers.length ?? 0) > 0);
    await pubsub.detachSubscription("orders-sub");
    expect(await failing).toMatchObject({ code: 9 });
  });

  test("no more messages are leased than all streams together may hold", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair();
    const streams = { flowControl: { maxMessages: 3 }, streamingOptions: { maxStreams: 1 } };
    const got = listen(pubsub.subscription("orders-sub", streams));
    await publish(...Array.from({ length: 10 }, (_value, index) => String(index)));
    await until(() => got.length === 3);
    expect(emulator.pubsub.subscriptions()[0]).toMatchObject({ outstanding: 3, available: 7 });
    for (const message of got) message.ack();
    await until(() => got.length === 6);
  });
});

describe.each(PUBSUB_LIBRARIES)("streaming pull, with the generated client $version", (library) => {
  test("the first response tells the subscription's properties, before any message", async () => {
    const running = await runPubsub(library);
    await running.createPair({ enableMessageOrdering: true });
    await running.publish("a");
    const stream = open(running);
    await until(() => stream.messages.length === 1);
    expect(stream.responses[0]).toMatchObject({
      receivedMessages: [],
      subscriptionProperties: { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true },
    });
    expect(stream.responses[1]?.receivedMessages).toHaveLength(1);
  });

  // Clients in other languages assume no exactly-once delivery if a response does not mention it.
  test("every response tells the subscription's properties", async () => {
    const running = await runPubsub(library);
    await running.createPair({ enableExactlyOnceDelivery: true });
    await running.publish("a", "b");
    const stream = open(running);
    await until(() => stream.messages.length === 2);
    stream.write({ ackIds: [stream.messages[0]?.ackId ?? ""] });
    await until(() => stream.responses.some(({ acknowledgeConfirmation }) => acknowledgeConfirmation));
    for (const { subscriptionProperties } of stream.responses) {
      expect(subscriptionProperties).toMatchObject({ exactlyOnceDeliveryEnabled: true });
    }
  });

  test("a keepalive is answered", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    const stream = open(running);
    await until(() => stream.responses.length === 1);
    stream.write({});
    await until(() => stream.responses.length === 2);
    expect(stream.responses[1]?.subscriptionProperties).toBeTruthy();
  });

  test("open streams are told when exactly-once delivery is switched on", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    const stream = open(running);
    await until(() => stream.responses.length === 1);
    await running.subscriber.updateSubscription({
      subscription: { name, topic, enableExactlyOnceDelivery: true },
      updateMask: { paths: ["enable_exactly_once_delivery"] },
    });
    await running.publish("a");
    await until(() => stream.messages.length === 1);
    expect(stream.responses[1]?.subscriptionProperties?.exactlyOnceDeliveryEnabled).toBe(true);
  });

  test.each([
    ["messages", { maxOutstandingMessages: 2 }, 2],
    ["bytes, of which one message may go over", { maxOutstandingBytes: 25 }, 3],
  ])("flow control counts %s until the ack", async (_what, limits, most) => {
    const running = await runPubsub(library);
    await running.createPair();
    await running.publish(...Array.from({ length: 6 }, () => "ten bytes!"));
    const stream = open(running, limits);
    await until(() => stream.messages.length === most);
    await running.subscriber.acknowledge({
      subscription: subscriptionName("orders-sub"),
      ackIds: [stream.messages[0]?.ackId ?? ""],
    });
    await until(() => stream.messages.length === most + 1);
    expect(running.emulator.pubsub.subscriptions()[0]?.outstanding).toBe(most);
  });

  test("the deadline of a stream is that of its messages, from the change on", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    await running.createPair();
    const stream = open(running, { streamAckDeadlineSeconds: 60, maxOutstandingMessages: 1 });
    await running.publish("a");
    await until(() => stream.messages.length === 1);
    await running.emulator.clock.advance(59_999);
    expect(running.emulator.pubsub.subscriptions()[0]?.messages[0]?.failures).toBe(0);
    stream.write({ streamAckDeadlineSeconds: 20 });
    await until(() => stream.responses.length === 3);
    await running.emulator.clock.advance(1);
    await until(() => stream.messages.length === 2);
    await running.emulator.clock.advance(20_000);
    await until(() => stream.messages.length === 3);
    expect(running.emulator.pubsub.subscriptions()[0]?.messages[0]?.failures).toBe(2);
  });

  test("acks and deadlines can be sent on the stream", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    const stream = open(running);
    await running.publish("a", "b");
    await until(() => stream.messages.length === 2);
    const [first, second] = stream.messages;
    stream.write({
      ackIds: [first?.ackId ?? ""],
      modifyDeadlineAckIds: [second?.ackId ?? ""],
      modifyDeadlineSeconds: [0],
    });
    await until(() => stream.messages.length === 3);
    expect(String(stream.messages[2]?.message?.data)).toBe("b");
    expect(running.emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(1);
  });

  test.each<[string, object]>([
    ["a malformed ack id", { ackIds: ["bogus"] }],
    ["lists of different lengths", { modifyDeadlineAckIds: ["a"] }],
    ["a deadline below zero", { modifyDeadlineAckIds: ["x"], modifyDeadlineSeconds: [-1] }],
    ["a stream deadline of 9 s", { streamAckDeadlineSeconds: 9 }],
    ["a second subscription", { subscription: subscriptionName("orders-sub") }],
    ["a second client id", { clientId: "b" }],
    ["another limit of messages", { maxOutstandingMessages: 7 }],
    ["another limit of bytes", { maxOutstandingBytes: 7 }],
    ["another protocol version", { protocolVersion: 1 }],
  ])("%s in a later request ends the stream with INVALID_ARGUMENT", async (_what, request) => {
    const running = await runPubsub(library);
    await running.createPair();
    const stream = open(running);
    await until(() => stream.responses.length === 1);
    stream.write(request);
    await until(() => stream.error !== undefined);
    expect(stream.error?.code).toBe(3);
  });

  test.each([0, 9, 601])("a stream with a deadline of %i s is refused", async (streamAckDeadlineSeconds) => {
    const running = await runPubsub(library);
    await running.createPair();
    const stream = open(running, { streamAckDeadlineSeconds });
    await until(() => stream.error !== undefined);
    expect(stream.error?.code).toBe(3);
  });

  test("streams share messages in turn", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    const streams = [open(running), open(running)];
    await until(() => streams.every(({ responses }) => responses.length === 1));
    await running.publish(...Array.from({ length: 10 }, (_value, index) => String(index)));
    await until(() => streams.reduce((sum, { messages }) => sum + messages.length, 0) === 10);
    expect(streams.map(({ messages }) => messages.length)).toEqual([5, 5]);
  });

  test("messages held by a stream that disconnected come again after the deadline", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    await running.publish("a");
    const first = open(running);
    await until(() => first.messages.length === 1);
    first.cancel();
    await until(() => running.emulator.pubsub.subscriptions()[0]?.consumers.length === 0);
    expect(running.emulator.pubsub.subscriptions()[0]?.outstanding).toBe(1);
    const second = open(running);
    await running.emulator.clock.advance(10_000);
    await until(() => second.messages.length === 1);
  });

  test("ten thousand messages reach a client that is slow to read, each of them once", async () => {
    const running = await runPubsub(library);
    const { topic } = await running.createPair();
    const messages = Array.from({ length: 1000 }, () => ({ data: Buffer.alloc(1000, 97) }));
    for (let batch = 0; batch < 10; batch += 1) await running.publisher.publish({ topic, messages });
    const stream = open(running);
    stream.pause();
    await until(() => (running.emulator.pubsub.subscriptions()[0]?.outstanding ?? 0) > 0);
    stream.resume();
    await until(() => stream.messages.length === 10_000);
    expect(new Set(stream.messages.map(({ message }) => message?.messageId)).size).toBe(10_000);
  });
});

function open({ subscriber }: RunningPubsub, first: object = {}): OpenStream {
  return openStream(subscriber, subscriptionName("orders-sub"), first);
}

/** Collects the messages of a listener. By default it settles none of them. */
function listen(
  subscription: Subscription,
  settle: (message: Message, count: number) => void = () => undefined,
): readonly Message[] {
  const got: Message[] = [];
  subscription.on("error", () => undefined);
  subscription.on("message", (message: Message) => {
    got.push(message);
    settle(message, got.length);
  });
  return got;
}

/** The error that ends a subscription's streams. */
function errorOf(subscription: Subscription): Promise<unknown> {
  return new Promise((resolve) => {
    subscription.on("error", resolve);
    subscription.on("message", () => undefined);
  });
}
