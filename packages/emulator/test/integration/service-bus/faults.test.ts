import { describe, expect, test } from "vitest";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { opened } from "../../support/opened.ts";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

/** A call that is never answered takes the whole timeout, and so does one lost with its connection. */
const IMPATIENT = { retryOptions: { maxRetries: 0, timeoutInMs: 1_000 } };
const RETRYING = { retryOptions: { maxRetries: 1, retryDelayInMs: 10, timeoutInMs: 1_000 } };

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
  const active = (): number => running.entity("orders").counts.active;
  const send = (messageId = "m"): Promise<void> => sender.sendMessages({ body: messageId, messageId });
  return { ...running, client, sender, receiver, receiveOne, active, send };
}

describe("sending", () => {
  test.each([
    ["before", 0],
    ["after", 1],
  ] as const)("a connection that is reset %s leaves %i messages", async (when, left) => {
    const { faults, active, connect, log } = await withQueue();
    faults.add({ operation: "send", when, action: { kind: "reset" } });
    const sender = await opened(connect(IMPATIENT).createSender("orders"));
    expect(await failureOf(sender.sendMessages({ body: 1 }))).toMatchObject({ code: expect.any(String) });
    expect(active()).toBe(left);
    expect(log.entries().find(({ operation }) => operation === "send")).toMatchObject({ outcome: "reset" });
  });

  test("a lost answer makes the SDK send twice", async () => {
    const { faults, active, connect } = await withQueue();
    faults.add({ operation: "send", when: "after", count: 1, action: { kind: "reset" } });
    const sender = await opened(connect(RETRYING).createSender("orders"));
    await sender.sendMessages({ body: 1 });
    expect(active()).toBe(2);
  });

  test.each([
    ["before", 0],
    ["after", 1],
  ] as const)("an answer that is held %s runs into the client's timeout", async (when, left) => {
    const { faults, active, connect, log } = await withQueue();
    faults.add({ operation: "send", when, action: { kind: "hold" } });
    const sender = await opened(connect(IMPATIENT).createSender("orders"));
    expect(await failureOf(sender.sendMessages({ body: 1 }))).toMatchObject({ code: "ServiceTimeout" });
    expect(active()).toBe(left);
    expect(log.entries().at(-1)).toMatchObject({ operation: "send", outcome: "held" });
  });

  test("a half-open connection is detected by a timeout", async () => {
    const { faults, active, connect, front, log } = await withQueue();
    faults.add({ operation: "send", when: "after", count: 1, action: { kind: "halfOpen" } });
    const sender = await opened(connect(IMPATIENT).createSender("orders"));
    const sending = failureOf(sender.sendMessages({ body: 1 }));
    expect(await sending).toMatchObject({ code: "ServiceTimeout" });
    expect(active()).toBe(1);
    expect(log.entries().some(({ faults: fired }) => fired.length === 1)).toBe(true);
    for (const connection of front.connections()) connection.reset();
    await connect().createSender("orders").sendMessages({ body: 2 });
    expect(active()).toBe(2);
  });

  test("a refusal after the message was taken hides its success", async () => {
    const { faults, active, send } = await withQueue();
    faults.add({ operation: "send", when: "after", action: { kind: "throttle" } });
    expect(await failureOf(send())).toMatchObject({
      code: "ServiceBusy",
      message: expect.stringContaining("namespace anyqueue is being throttled. Error code : 50009"),
    });
    expect(active()).toBe(1);
  });

  test("the SDK's own retry overcomes a throttled send", async () => {
    const { faults, active, connect, log } = await withQueue();
    faults.add({ operation: "send", count: 1, action: { kind: "throttle" } });
    const sender = await opened(connect(RETRYING).createSender("orders"));
    await sender.sendMessages({ body: 1 });
    expect([active(), log.count("send")]).toEqual([1, 2]);
  });

  test("a detached sender attaches again with the next send", async () => {
    const { faults, active, connect, log } = await withQueue();
    const sender = await opened(connect(IMPATIENT).createSender("orders"));
    faults.add({ operation: "send", count: 1, action: { kind: "detach" } });
    await failureOf(sender.sendMessages({ body: 1 }));
    await sender.sendMessages({ body: 2 });
    expect(active()).toBe(1);
    expect(log.count("attach")).toBe(2);
  });

  test("a delay passes in engine time", async () => {
    const { faults, active, send, clock, log } = await withQueue();
    faults.add({ operation: "send", action: { kind: "delay", ms: 3_600_000 } });
    const sent = send();
    await expect.poll(() => log.count("send"), { interval: 5 }).toBe(1);
    await clock.advance(3_580_000);
    expect(active()).toBe(0);
    await clock.advance(20_000);
    await sent;
    expect(active()).toBe(1);
  });

  // The SDK gives links 60 s whatever its options say, so these tests end the wait from the server's side.
  test("without credit a sender waits", async () => {
    const { faults, connect, active, front, log } = await withQueue();
    faults.add({ operation: "attach", action: { kind: "noCredit" } });
    const sending = isStillOut(connect(IMPATIENT).createSender("orders").sendMessages({ body: 1 }));
    await expect.poll(() => log.count("attach"), { interval: 5 }).toBe(1);
    expect([sending.isOut, log.count("send"), active()]).toEqual([true, 0, 0]);
    for (const connection of front.connections()) connection.reset();
  });

  test("rules can look at the body and at the entity", async () => {
    const { faults, send, active, namespace, client } = await withQueue();
    namespace.createQueue("others");
    faults.add({ queue: "ord*", match: { bodyContains: "poison" }, action: { kind: "throttle" } });
    await send("fine");
    await client.createSender("others").sendMessages({ body: "poison" });
    expect(await failureOf(send("poison"))).toMatchObject({ code: "ServiceBusy" });
    expect(active()).toBe(1);
  });

  test("an attach that nobody answers keeps the send waiting", async () => {
    const { faults, connect, front, log, active } = await withQueue();
    faults.add({ operation: "attach", action: { kind: "hold" } });
    const sending = isStillOut(connect(IMPATIENT).createSender("orders").sendMessages({ body: 1 }));
    await expect
      .poll(() => log.entries().some(({ outcome }) => outcome === "held"), { interval: 5 })
      .toBe(true);
    expect([sending.isOut, log.count("send"), active()]).toEqual([true, 0, 0]);
    for (const connection of front.connections()) connection.reset();
  });
});

/** Tells whether a call is still waiting. Its failure is ignored. */
function isStillOut(call: Promise<unknown>): { readonly isOut: boolean } {
  const state = { isOut: true };
  call
    .catch(() => undefined)
    .finally(() => {
      state.isOut = false;
    });
  return state;
}

describe("settling", () => {
  test("an answer that is lost after the message was deleted", async () => {
    const { faults, entity, connect, send } = await withQueue();
    await send();
    const receiver = connect(IMPATIENT).createReceiver("orders");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message === undefined) throw new Error("Nothing arrived.");
    faults.add({ operation: "complete", when: "after", action: { kind: "hold" } });
    expect(await failureOf(receiver.completeMessage(message))).toMatchObject({ code: "ServiceTimeout" });
    expect(entity("orders")).toMatchObject({ counts: { active: 0 }, outcomes: { m: { completed: 1 } } });
  });

  test.each(["complete", "abandon", "defer", "deadLetter"] as const)(
    "the lock that runs out just before %s",
    async (operation) => {
      const { faults, receiver, receiveOne, send, entity } = await withQueue();
      await send();
      const message = await receiveOne();
      faults.add({ operation, action: { kind: "expireLease" } });
      expect(await failureOf(receiver[`${operation}Message`](message))).toMatchObject({
        code: "MessageLockLost",
      });
      expect(entity("orders").messages).toMatchObject([{ state: "ready", deliveryCount: 1 }]);
    },
  );

  test("a settlement that is refused though nothing is wrong", async () => {
    const { faults, receiver, receiveOne, send, active } = await withQueue();
    await send();
    const message = await receiveOne();
    faults.add({
      operation: "complete",
      count: 1,
      action: { kind: "error", condition: "amqp:internal-error" },
    });
    expect(await failureOf(receiver.completeMessage(message))).toMatchObject({ code: "GeneralError" });
    expect(active()).toBe(1);
  });

  test("a reset after the message was deleted reports a settlement that worked as failed", async () => {
    const { faults, send, connect, entity } = await withQueue();
    await send();
    const receiver = connect(IMPATIENT).createReceiver("orders");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    if (message === undefined) throw new Error("Nothing arrived.");
    faults.add({ operation: "complete", when: "after", count: 1, action: { kind: "reset" } });
    await failureOf(receiver.completeMessage(message));
    expect(entity("orders").outcomes).toEqual({ m: { completed: 1 } });
  });
});

describe("receiving", () => {
  test("a duplicate comes while the first lock is valid, and the first settlement wins", async () => {
    const { faults, receiver, receiveOne, send, entity } = await withQueue();
    await send();
    faults.add({ operation: "receive", when: "after", count: 1, action: { kind: "duplicate" } });
    const first = await receiveOne();
    const second = await receiveOne();
    expect([first.messageId, second.messageId]).toEqual(["m", "m"]);
    expect(second.lockToken).not.toBe(first.lockToken);
    await receiver.completeMessage(first);
    expect(await failureOf(receiver.completeMessage(second))).toMatchObject({ code: "MessageLockLost" });
    expect(entity("orders").outcomes["m"]).toMatchObject({ completed: 1 });
  });

  test("a delivery that is held is locked and never arrives until its lock ends", async () => {
    const { faults, receiver, send, clock, receiveOne, entity } = await withQueue();
    await send();
    faults.add({ operation: "receive", count: 1, action: { kind: "hold" } });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 })).toEqual([]);
    expect(entity("orders").messages).toMatchObject([{ state: "locked" }]);
    await clock.advance(61_000);
    expect(await receiveOne()).toMatchObject({ messageId: "m", deliveryCount: 1 });
  });

  test("a delivery that is delayed comes later, and those behind it after it", async () => {
    const { faults, receiver, send, clock, log } = await withQueue();
    await send("1");
    await send("2");
    faults.add({ operation: "receive", count: 1, action: { kind: "delay", ms: 10_000 } });
    const receiving = receiver.receiveMessages(2, { maxWaitTimeInMs: 10_000 });
    await expect.poll(() => log.count("receive"), { interval: 5 }).toBe(1);
    await clock.advance(10_000);
    expect((await receiving).map(({ messageId }) => messageId)).toEqual(["1", "2"]);
  });

  test("the reported end of a lock can be wrong", async () => {
    const { faults, receiver, receiveOne, send } = await withQueue();
    await send();
    faults.add({ operation: "receive", action: { kind: "clockSkew", skewMs: -3_600_000 } });
    faults.add({ operation: "renewLock", action: { kind: "clockSkew", skewMs: 3_600_000 } });
    const message = await receiveOne();
    const toldMs = (until: Date | undefined): number => (until?.getTime() ?? 0) - Date.now();
    expect(Math.abs(toldMs(message.lockedUntilUtc) + 3_540_000)).toBeLessThan(10_000);
    expect(Math.abs(toldMs(await receiver.renewMessageLock(message)) - 3_660_000)).toBeLessThan(10_000);
  });

  test("invalid message bytes break the client's connection, and a new one works", async () => {
    const { faults, send, connect, front } = await withQueue();
    await send();
    faults.add({ operation: "receive", count: 1, action: { kind: "corruptMessage" } });
    const receiver = connect(IMPATIENT).createReceiver("orders");
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 }).catch(() => []);
    expect(faults.list()[0]?.fired).toBe(1);
    expect(front.connections().length).toBeGreaterThan(0);
    await send("2");
    const [next] = await connect().createReceiver("orders").receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    expect(next?.messageId).toBe("2");
  });
});
