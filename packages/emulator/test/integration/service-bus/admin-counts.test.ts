import { ServiceBusError } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { runAdministration } from "../../support/running-administration.ts";

const HOUR_MS = 3_600_000;

describe("counts after real traffic", () => {
  test("of a queue tell active, dead-lettered and scheduled messages apart", async () => {
    const { admin, connect } = await runAdministration();
    await admin.createQueue("orders");
    const client = connect();
    const sender = client.createSender("orders");
    await sender.sendMessages(["a", "b", "c", "d"].map((body) => ({ body, messageId: body })));
    const [number] = await sender.scheduleMessages([{ body: "later" }], new Date(Date.now() + HOUR_MS));
    expect(number).toBeDefined();
    const receiver = client.createReceiver("orders");
    const [first, second, third] = await receiver.receiveMessages(3, { maxWaitTimeInMs: 10_000 });
    if (first === undefined || second === undefined || third === undefined) throw new Error("Too few.");
    await receiver.completeMessage(first);
    await receiver.deadLetterMessage(second);
    await receiver.deferMessage(third);
    expect(await admin.getQueueRuntimeProperties("orders")).toMatchObject({
      totalMessageCount: 4,
      activeMessageCount: 2,
      deadLetterMessageCount: 1,
      scheduledMessageCount: 1,
      transferMessageCount: 0,
      transferDeadLetterMessageCount: 0,
      sizeInBytes: expect.any(Number),
    });
    expect((await admin.getQueueRuntimeProperties("orders")).sizeInBytes).toBeGreaterThan(4);
  });

  test("of a subscription are its own, and a topic counts what is scheduled", async () => {
    const { admin, connect } = await runAdministration();
    await admin.createTopic("events");
    await admin.createSubscription("events", "everything");
    const defaultRuleOptions = { name: "nothing", filter: { sqlExpression: "1=0" } };
    await admin.createSubscription("events", "nothing", { defaultRuleOptions });
    const sender = connect().createSender("events");
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    await sender.scheduleMessages([{ body: 3 }], new Date(Date.now() + HOUR_MS));
    expect(await admin.getSubscriptionRuntimeProperties("events", "everything")).toMatchObject({
      totalMessageCount: 2,
      activeMessageCount: 2,
      deadLetterMessageCount: 0,
    });
    expect(await admin.getSubscriptionRuntimeProperties("events", "nothing")).toMatchObject({
      totalMessageCount: 0,
    });
    expect(await admin.getTopicRuntimeProperties("events")).toMatchObject({
      subscriptionCount: 2,
      scheduledMessageCount: 1,
    });
  });

  test("of a message that cannot be forwarded is in the transfer dead letters", async () => {
    const { admin, connect } = await runAdministration();
    await admin.createQueue("target");
    await admin.createQueue("source", { forwardTo: "target" });
    await admin.deleteQueue("target");
    await connect()
      .createSender("source")
      .sendMessages([{ body: 1 }]);
    expect(await admin.getQueueRuntimeProperties("source")).toMatchObject({
      activeMessageCount: 0,
      transferDeadLetterMessageCount: 1,
    });
  });

  test("what was forwarded is counted where it arrived", async () => {
    const { admin, connect } = await runAdministration();
    await admin.createQueue("target");
    await admin.createTopic("events");
    await admin.createSubscription("events", "through", { forwardTo: "target" });
    await connect()
      .createSender("events")
      .sendMessages([{ body: 1 }]);
    expect(await admin.getQueueRuntimeProperties("target")).toMatchObject({ activeMessageCount: 1 });
    expect(await admin.getSubscriptionRuntimeProperties("events", "through")).toMatchObject({
      totalMessageCount: 0,
    });
  });
});

describe("times", () => {
  test("keep their age while the clock jumps, in the client's own time", async () => {
    const { admin, emulator } = await runAdministration();
    await admin.createQueue("orders");
    await emulator.clock.advance(HOUR_MS);
    await admin.updateQueue(await admin.getQueue("orders"));
    const { createdAt, modifiedAt } = await admin.getQueueRuntimeProperties("orders");
    expect(modifiedAt.getTime() - createdAt.getTime()).toBeGreaterThanOrEqual(HOUR_MS);
    expect(modifiedAt.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test("make a scheduled message active", async () => {
    const { admin, connect, emulator } = await runAdministration();
    await admin.createQueue("orders");
    const sender = connect().createSender("orders");
    await sender.scheduleMessages([{ body: "later" }], new Date(Date.now() + HOUR_MS));
    await emulator.clock.advance(HOUR_MS);
    expect(await admin.getQueueRuntimeProperties("orders")).toMatchObject({
      activeMessageCount: 1,
      scheduledMessageCount: 0,
    });
  });

  test("delete an entity that nobody uses", async () => {
    const { admin, emulator } = await runAdministration();
    await admin.createQueue("orders", { autoDeleteOnIdle: "PT5M" });
    await emulator.clock.advance(280_000);
    expect(emulator.serviceBus.entities()).toHaveLength(1);
    await emulator.clock.advance(20_000);
    expect(await admin.queueExists("orders")).toBe(false);
  });
});

test.each([
  ["SendDisabled", true, false],
  ["ReceiveDisabled", false, true],
  ["Disabled", true, true],
  ["Active", false, false],
] as const)("a queue that is %s refuses as it has to", async (status, isSendRefused, isReceiveRefused) => {
  const { admin, connect } = await runAdministration();
  const queue = await admin.createQueue("orders");
  await admin.updateQueue({ ...queue, status });
  const client = connect();
  const sent = await outcomeOf(client.createSender("orders").sendMessages([{ body: 1 }]));
  const receiver = client.createReceiver("orders");
  const received = await outcomeOf(receiver.receiveMessages(1, { maxWaitTimeInMs: 100 }));
  const outcome = (isRefused: boolean): string => (isRefused ? "MessagingEntityDisabled" : "done");
  expect([sent, received]).toEqual([outcome(isSendRefused), outcome(isReceiveRefused)]);
});

async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    return error instanceof ServiceBusError ? error.code : String(error);
  }
}
