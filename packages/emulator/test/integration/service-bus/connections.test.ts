import { describe, expect, test } from "vitest";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

/** Calls that were lost with a connection wait for the whole timeout before the retry. */
const RETRYING = { retryOptions: { maxRetries: 3, retryDelayInMs: 10, timeoutInMs: 2_000 } };

async function withQueue() {
  const running = await runServiceBus();
  running.namespace.createQueue("orders");
  const client = running.connect(RETRYING);
  const sender = client.createSender("orders");
  const sendMany = async (count: number): Promise<void> => {
    for (let from = 0; from < count; from += 500) {
      const numbers = Array.from({ length: Math.min(500, count - from) }, (_, index) => from + index);
      await sender.sendMessages(numbers.map((body) => ({ body, messageId: String(body) })));
    }
  };
  return { ...running, client, sender, sendMany, receiver: client.createReceiver("orders") };
}

describe("many messages", () => {
  test(
    "5,000 go through one receiver, though nobody settles but the broker",
    { timeout: 60_000 },
    async () => {
      const { sendMany, receiver, entity } = await withQueue();
      await sendMany(5000);
      let done = 0;
      while (done < 5000) {
        const messages = await receiver.receiveMessages(500, { maxWaitTimeInMs: 5000 });
        await Promise.all(messages.map((message) => receiver.completeMessage(message)));
        done += messages.length;
      }
      expect(entity("orders").counts.active).toBe(0);
      const outcomes = Object.values(entity("orders").outcomes);
      expect(outcomes).toHaveLength(5000);
      expect(outcomes.every((counts) => counts.completed === 1 && Object.keys(counts).length === 1)).toBe(
        true,
      );
    },
  );

  test(
    "at most 2,048 are unsettled at once, and settling the oldest makes room",
    { timeout: 60_000 },
    async () => {
      const { sendMany, client } = await withQueue();
      await sendMany(2200);
      const receiver = client.createReceiver("orders");
      const held: ServiceBusReceivedMessage[] = [];
      const subscription = receiver.subscribe(
        { processMessage: async (message) => void held.push(message), processError: async () => undefined },
        { maxConcurrentCalls: 2200, autoCompleteMessages: false },
      );
      await expect.poll(() => held.length, { interval: 20, timeout: 20_000 }).toBe(2048);
      const [oldest, next] = held;
      if (oldest === undefined || next === undefined) throw new Error("Nothing arrived.");
      await receiver.completeMessage(next);
      expect(held.length).toBe(2048);
      await receiver.completeMessage(oldest);
      await expect.poll(() => held.length, { interval: 20 }).toBe(2050);
      await subscription.close();
    },
  );

  test("a subscriber gets no more at once than its credit", async () => {
    const { sendMany, receiver, entity } = await withQueue();
    await sendMany(50);
    const held: ServiceBusReceivedMessage[] = [];
    const releases: (() => void)[] = [];
    const subscription = receiver.subscribe(
      {
        processMessage: async (message) => {
          held.push(message);
          await new Promise<void>((resolve) => releases.push(resolve));
        },
        processError: async () => undefined,
      },
      { maxConcurrentCalls: 7 },
    );
    await expect.poll(() => held.length, { interval: 5 }).toBe(7);
    expect(entity("orders").messages.filter(({ state }) => state === "locked")).toHaveLength(7);
    releases.shift()?.();
    await expect.poll(() => held.length, { interval: 5 }).toBe(8);
    const closing = subscription.close();
    for (const release of releases) release();
    await closing;
  });
});

describe("draining", () => {
  test("an empty queue gives credit back, and the link stays open for the next receive", async () => {
    const { receiver, sender, log } = await withQueue();
    expect(await receiver.receiveMessages(3, { maxWaitTimeInMs: 100 })).toEqual([]);
    await sender.sendMessages({ body: 1 });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).toHaveLength(1);
    const receivers = log.entries().filter(({ operation }) => operation === "attach");
    expect(receivers).toHaveLength(2);
  });

  test("messages left over after a receive are not lost to its unused credit", async () => {
    const { receiver, sender, log, entity } = await withQueue();
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    const first = await receiver.receiveMessages(10, { maxWaitTimeInMs: 10_000 });
    expect(first.map(({ body }) => body as number)).toEqual([1, 2]);
    await sender.sendMessages({ body: 3 });
    expect(entity("orders").messages.filter(({ state }) => state === "ready")).toHaveLength(1);
    expect(
      (await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).map(({ body }) => body as number),
    ).toEqual([3]);
    expect(log.count("attach")).toBe(2);
  });

  test(
    "a message that is sent while a drain is on its way is received or stays",
    { timeout: 60_000 },
    async () => {
      const { receiver, sender, entity, log } = await withQueue();
      let sent = 0;
      let received = 0;
      for (let round = 0; round < 3; round++) {
        let isReceiving = true;
        const receiving = receiver.receiveMessages(2000, { maxWaitTimeInMs: 10 }).finally(() => {
          isReceiving = false;
        });
        // The client drains one second after the first message, while these are being sent.
        while (isReceiving) {
          await sender.sendMessages({ body: sent });
          sent += 1;
        }
        const messages = await receiving;
        await Promise.all(messages.map((message) => receiver.completeMessage(message)));
        received += messages.length;
      }
      const left = entity("orders").messages;
      expect(left.every(({ state }) => state === "ready")).toBe(true);
      expect(received + left.length).toBe(sent);
      expect(log.count("attach")).toBe(2);
    },
  );

  test("a client whose drain is never answered closes its link and opens another", async () => {
    const { client, faults, log, sender } = await withQueue();
    faults.add({ operation: "attach", action: { kind: "ignoreDrain" } });
    const receiver = client.createReceiver("orders");
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 50 })).toEqual([]);
    await sender.sendMessages({ body: 1 });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).toHaveLength(1);
    expect(log.count("attach")).toBe(3);
  });
});

describe("connections that break", () => {
  test("the next send opens another", async () => {
    const { sender, front, entity } = await withQueue();
    await sender.sendMessages({ body: 1 });
    front.connections()[0]?.reset();
    await sender.sendMessages({ body: 2 });
    expect(entity("orders").counts.active).toBe(2);
  });

  test("a close by the server is overcome too", async () => {
    const { sender, front, entity } = await withQueue();
    await sender.sendMessages({ body: 1 });
    front.connections()[0]?.close({ condition: "amqp:connection:forced", description: "Idle." });
    await sender.sendMessages({ body: 2 });
    expect(entity("orders").counts.active).toBe(2);
  });

  test("a receive under way fails, and the next one works", async () => {
    const { sender, receiver, front, log } = await withQueue();
    const receiving = failureOf(receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 }));
    await expect.poll(() => log.count("attach"), { interval: 5 }).toBe(1);
    front.connections()[0]?.reset();
    await receiving;
    await sender.sendMessages({ body: 1 });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).toHaveLength(1);
  });

  test.each(["reset", "detach", "closeConnection"] as const)(
    "a subscriber goes on after %s",
    async (kind) => {
      const { sender, receiver, faults, entity } = await withQueue();
      const bodies: unknown[] = [];
      const subscription = receiver.subscribe({
        processMessage: async ({ body }) => void bodies.push(body),
        processError: async () => undefined,
      });
      await sender.sendMessages({ body: 1 });
      await expect.poll(() => bodies, { interval: 5 }).toEqual([1]);
      await expect.poll(() => entity("orders").counts.active, { interval: 5 }).toBe(0);
      faults.add({ operation: "receive", when: "before", count: 1, action: { kind } });
      await sender.sendMessages({ body: 2, messageId: "hit" });
      await expect.poll(() => faults.list()[0]?.fired, { interval: 5 }).toBe(1);
      await sender.sendMessages({ body: 3 });
      await expect.poll(() => bodies, { interval: 5, timeout: 20_000 }).toContain(3);
      await subscription.close();
    },
  );

  test("a message that was out on a broken connection comes back when its lock ends", async () => {
    const { sender, receiver, front, clock, entity } = await withQueue();
    await sender.sendMessages({ body: 1 });
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    front.connections()[0]?.reset();
    expect(entity("orders").messages).toMatchObject([{ state: "locked" }]);
    await clock.advance(61_000);
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).toMatchObject([
      { deliveryCount: 1 },
    ]);
  });

  test("nothing is delivered to a connection that is gone", async () => {
    const { sender, client, front, connect, entity } = await withQueue();
    const gone = connect();
    gone
      .createReceiver("orders")
      .subscribe(
        { processMessage: async () => undefined, processError: async () => undefined },
        { maxConcurrentCalls: 50 },
      );
    await expect.poll(() => front.connections().length, { interval: 5 }).toBeGreaterThan(0);
    await gone.close();
    await sender.sendMessages(Array.from({ length: 10 }, (_, body) => ({ body })));
    expect(entity("orders").messages.every(({ state }) => state === "ready")).toBe(true);
    expect(
      await client.createReceiver("orders").receiveMessages(10, { maxWaitTimeInMs: 10_000 }),
    ).toHaveLength(10);
  });
});
