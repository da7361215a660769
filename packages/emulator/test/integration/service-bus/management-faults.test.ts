import { describe, expect, test } from "vitest";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { opened } from "../../support/opened.ts";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

const IMPATIENT = { retryOptions: { maxRetries: 0, timeoutInMs: 1_000 } };

async function withQueue() {
  const running = await runServiceBus();
  running.namespace.createQueue("orders");
  const client = running.connect();
  const sender = client.createSender("orders");
  const receiver = client.createReceiver("orders");
  const receiveOne = async (): Promise<ServiceBusReceivedMessage> => {
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message === undefined) throw new Error("Nothing arrived.");
    return message;
  };
  const send = (messageId = "m"): Promise<void> => sender.sendMessages({ body: messageId, messageId });
  return { ...running, client, receiver, receiveOne, send };
}

describe("management", () => {
  test.each([
    ["throttle", "ServiceBusy"],
    ["unauthorized", "UnauthorizedAccess"],
  ] as const)("%s of a renewal", async (kind, code) => {
    const { faults, receiver, receiveOne, send } = await withQueue();
    await send();
    const message = await receiveOne();
    faults.add({ operation: "renewLock", action: { kind } });
    expect(await failureOf(receiver.renewMessageLock(message))).toMatchObject({ code });
  });

  test("a lock that runs out just before its renewal", async () => {
    const { faults, receiver, receiveOne, send } = await withQueue();
    await send();
    const message = await receiveOne();
    faults.add({ operation: "renewLock", action: { kind: "expireLease" } });
    expect(await failureOf(receiver.renewMessageLock(message))).toMatchObject({ code: "MessageLockLost" });
  });

  test("a schedule whose answer is lost has happened", async () => {
    const { faults, connect, entity } = await withQueue();
    faults.add({ operation: "schedule", when: "after", action: { kind: "hold" } });
    const sender = await opened(connect(IMPATIENT).createSender("orders"));
    const inOneHour = new Date(Date.now() + 3_600_000);
    expect(await failureOf(sender.scheduleMessages({ body: 1 }, inOneHour))).toMatchObject({
      code: "ServiceTimeout",
    });
    expect(entity("orders").counts.scheduled).toBe(1);
  });
});

describe("sessions", () => {
  async function withSession() {
    const running = await withQueue();
    running.namespace.createQueue("sessions", { requiresSession: true });
    await running.client.createSender("sessions").sendMessages({ body: 1, messageId: "m", sessionId: "s" });
    return running;
  }

  test("a session whose lock is lost with a delivery", async () => {
    const { faults, client, entity } = await withSession();
    faults.add({ operation: "receive", when: "after", count: 1, action: { kind: "sessionLost" } });
    const receiver = await client.acceptSession("sessions", "s");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 }).catch(() => []);
    // The client may learn of the loss before it receives the message.
    const lost = { code: "SessionLockLost" };
    const failure = message === undefined ? lost : await failureOf(receiver.completeMessage(message));
    expect(failure).toMatchObject(lost);
    expect(entity("sessions").messages).toMatchObject([{ state: "ready", deliveryCount: 1 }]);
  });

  test("a session whose lock is lost just before a settlement", async () => {
    const { faults, client, entity } = await withSession();
    const receiver = await client.acceptSession("sessions", "s");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message === undefined) throw new Error("Nothing arrived.");
    faults.add({ operation: "complete", action: { kind: "sessionLost" } });
    expect(await failureOf(receiver.completeMessage(message))).toMatchObject({ code: "SessionLockLost" });
    expect(entity("sessions").counts.active).toBe(1);
  });

  test("a session that cannot be accepted for a while", async () => {
    const { faults, client } = await withSession();
    faults.add({ operation: "acceptSession", count: 1, action: { kind: "throttle" } });
    expect(await failureOf(client.acceptNextSession("sessions"))).toMatchObject({ code: "ServiceBusy" });
    expect((await client.acceptNextSession("sessions")).sessionId).toBe("s");
  });

  test("an acceptance that is refused after all gives the session back", async () => {
    const { faults, client } = await withSession();
    faults.add({
      operation: "acceptSession",
      when: "after",
      count: 1,
      action: { kind: "error", condition: "amqp:internal-error" },
    });
    expect(await failureOf(client.acceptNextSession("sessions"))).toMatchObject({ code: "GeneralError" });
    expect((await client.acceptNextSession("sessions")).sessionId).toBe("s");
  });
});
