import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
  if (message === undefined) throw new Error("Nothing arrived.");
  return message;
}

describe("auto-forwarding", () => {
  test("brings a message to the target with its body, and the number of its first place", async () => {
    const { namespace, connect } = await runServiceBus();
    const target = namespace.createQueue("target");
    namespace.createQueue("source", { forwardTo: "target" });
    const client = connect();
    await client.createSender("target").sendMessages({ body: "direct" });
    await client.createSender("source").sendMessages({ body: { via: "source" }, messageId: "m" });
    const receiver = client.createReceiver("target");
    await receiver.completeMessage(await receiveOne(receiver));
    const message = await receiveOne(receiver);
    expect(message).toMatchObject({ body: { via: "source" }, messageId: "m" });
    expect(message.sequenceNumber?.toString()).toBe("2");
    expect(target.counts.active).toBe(1);
  });

  test("collects several subscriptions in one queue", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("all");
    for (const topic of ["a", "b"]) {
      namespace.createTopic(topic);
      namespace.createSubscription(topic, "out", { forwardTo: "all" });
    }
    const client = connect();
    for (const topic of ["a", "b", "a"]) await client.createSender(topic).sendMessages({ body: topic });
    const messages = await client.createReceiver("all").peekMessages(10);
    expect(messages.map(({ body }) => String(body))).toEqual(["a", "b", "a"]);
  });

  test("prevents receiving at its source", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("target");
    namespace.createQueue("source", { forwardTo: "target" });
    const failure = await failureOf(
      connect().createReceiver("source").receiveMessages(1, { maxWaitTimeInMs: 1000 }),
    );
    expect(failure.message).toContain("auto-forwarding enabled");
  });

  test("wakes a receiver that waits at the end of a chain", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("c");
    namespace.createQueue("b", { forwardTo: "c" });
    namespace.createQueue("a", { forwardTo: "b" });
    const client = connect();
    const receiving = receiveOne(client.createReceiver("c"));
    await client.createSender("a").sendMessages({ body: "through" });
    expect((await receiving).body).toBe("through");
  });

  test("that fails leaves the message where the SDK finds it: the transfer dead letters", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("target");
    namespace.createQueue("source", { forwardTo: "target" });
    namespace.deleteEntity("target");
    const client = connect();
    await client.createSender("source").sendMessages({ body: "stranded" });
    const receiver = client.createReceiver("source", { subQueueType: "transferDeadLetter" });
    const message = await receiveOne(receiver);
    expect(message).toMatchObject({ body: "stranded", deadLetterReason: "amqp:not-found" });
    await receiver.completeMessage(message);
    expect(namespace.queue("source")?.counts.transferDeadLetter).toBe(0);
  });
});

describe("dead letters", () => {
  test("that are forwarded say where they come from and why", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("graveyard");
    namespace.createQueue("orders", { forwardDeadLetteredMessagesTo: "graveyard" });
    const client = connect();
    await client.createSender("orders").sendMessages({ body: "bad" });
    const receiver = client.createReceiver("orders");
    await receiver.deadLetterMessage(await receiveOne(receiver), {
      deadLetterReason: "broken",
      deadLetterErrorDescription: "by a test",
    });
    const message = await receiveOne(client.createReceiver("graveyard"));
    expect(message).toMatchObject({
      body: "bad",
      deadLetterSource: "orders",
      deadLetterReason: "broken",
      deliveryCount: 0,
    });
  });

  test("of a subscription are read under its path, and can be sent again", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createTopic("t");
    const subscription = namespace.createSubscription("t", "s", { maxDeliveryCount: 1 });
    const client = connect();
    const sender = client.createSender("t");
    await sender.sendMessages({ body: "again", messageId: "m" });
    const receiver = client.createReceiver("t", "s");
    await receiver.abandonMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver("t", "s", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadLetters);
    expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
    await sender.sendMessages({ body: dead.body, messageId: "m" });
    await deadLetters.completeMessage(dead);
    expect(await receiveOne(receiver)).toMatchObject({ body: "again", deliveryCount: 0 });
    expect(subscription.counts).toMatchObject({ active: 1, deadLetter: 0 });
  });

  test("cannot become dead letters again", async () => {
    const { namespace, connect } = await runServiceBus();
    namespace.createQueue("orders");
    const client = connect();
    await client.createSender("orders").sendMessages({ body: "bad" });
    const receiver = client.createReceiver("orders");
    await receiver.deadLetterMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver("orders", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadLetters);
    const failure = await failureOf(deadLetters.deadLetterMessage(dead));
    expect(failure.message).toContain("cannot be dead-lettered");
  });
});
