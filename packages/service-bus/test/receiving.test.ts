import type { ConsumerDriver, Target } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  present,
  rawClient,
  receive,
  rejection,
  valuesOf,
  until,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

describe("receiveMessages of the raw SDK", () => {
  test("waits a second for more when it has too few; the adapter does not", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 3);
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    const receiver = client.createReceiver(target.entity);
    const startedAt = performance.now();
    expect(await receiver.receiveMessages(10, { maxWaitTimeInMs: 10_000 })).toHaveLength(3);
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    await receiver.close();

    const other = await shared.newQueue();
    const consumer = await shared.consume(other, consumerOptions({ mode: "pull" }));
    // Takes the shortest of several, so that a busy machine does not matter.
    const tookMs: number[] = [];
    for (let ask = 0; ask < 3; ask += 1) {
      await shared.send(other, 3);
      const askedAt = performance.now();
      expect((await receive(consumer, 3, 10)).length).toBe(3);
      tookMs.push(performance.now() - askedAt);
    }
    expect(Math.min(...tookMs)).toBeLessThan(800);
  });

  test("loses what it holds when it is aborted; an aborted ask of the adapter keeps nothing locked", async () => {
    const target = await shared.newQueue();
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    const receiver = client.createReceiver(target.entity);
    const controller = new AbortController();
    const receiving = receiver.receiveMessages(10, {
      maxWaitTimeInMs: 30_000,
      abortSignal: controller.signal,
    });
    const rejected = rejection(receiving);
    await until(() => shared.emulator.log.count("attach") > 0);
    await shared.send(target, 1);
    await until(() => shared.locked(target) === 1);
    controller.abort();
    expect(await rejected).toMatchObject({ name: "AbortError" });
    expect(shared.locked(target)).toBe(1);

    const other = await shared.newQueue();
    const consumer = await shared.consume(other, consumerOptions({ mode: "pull" }));
    const aborting = new AbortController();
    const asking = consumer.receiveBatch({ maxItems: 10, waitMs: 30_000 }, aborting.signal);
    aborting.abort();
    expect(await asking).toEqual([]);
    await shared.send(other, 1);
    expect(await receive(consumer, 1)).toHaveLength(1);
  });

  test("an ask that is over before its link is open still brings what is there", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 1);
    const consumer = await shared.consume(target, consumerOptions({ mode: "pull" }));
    shared.emulator.faults.add({
      protocol: "service-bus",
      operation: "attach",
      queue: target.entity,
      count: 1,
      action: { kind: "delay", ms: 300 },
    });
    expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 100 }, never)).toHaveLength(1);
  });

  test("gets 2,048 unsettled messages on one link and no more; the adapter spreads them over links", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 2_500);
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    const receiver = client.createReceiver(target.entity, { maxAutoLockRenewalDurationInMs: 0 });
    let held = 0;
    const subscription = receiver.subscribe(
      { processMessage: async () => void (held += 1), processError: async () => {} },
      { maxConcurrentCalls: 2_500, autoCompleteMessages: false },
    );
    await until(() => held >= 2_048);
    expect(shared.locked(target)).toBe(2_048);
    await subscription.close();

    const other = await shared.newQueue();
    await shared.send(other, 2_500);
    const consumer = await shared.consume(
      other,
      consumerOptions({ flow: { maxOutstanding: 2_500, lanes: 1 } }),
    );
    const deliveries = await receive(consumer, 2_500);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(2_500);
    valuesOf(
      await consumer.ackBatch(
        deliveries.map(({ handle }) => handle),
        never,
      ),
    );
  });
});

describe("flow", () => {
  /** Takes six messages, lowers the flow to two, and acks the six. */
  async function consumeLowered(target: Target): Promise<ConsumerDriver<unknown>> {
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 6, lanes: 1 } }));
    const deliveries = await receive(consumer, 6);
    await consumer.setFlow?.({ maxOutstanding: 2, lanes: 1 }, never);
    const handles = deliveries.map(({ handle }) => handle);
    valuesOf(await consumer.ackBatch(handles, never));
    return consumer;
  }

  /** The service detaches the link with the first of ten messages. */
  async function detachLink(target: Target): Promise<void> {
    const action = { kind: "detach" } as const;
    shared.emulator.faults.add({ protocol: "service-bus", operation: "receive", count: 1, action });
    await shared.send(target, 1, "cut");
    await shared.send(target, 9, "after");
  }

  test("no more is locked than may be outstanding, and a slot is free when its settlement begins", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 20);
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 4, lanes: 1 } }));
    const deliveries = await receive(consumer, 4);
    expect(shared.locked(target)).toBe(4);
    valuesOf(
      await consumer.ackBatch(
        deliveries.slice(0, 2).map(({ handle }) => handle),
        never,
      ),
    );
    expect(await receive(consumer, 2)).toHaveLength(2);
    expect(shared.locked(target)).toBe(4);
  });

  test("is raised while messages are in hand", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 20);
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 2, lanes: 1 } }));
    await receive(consumer, 2);
    await consumer.setFlow?.({ maxOutstanding: 7, lanes: 1 }, never);
    await receive(consumer, 5);
    expect(shared.locked(target)).toBe(7);
  });

  test("is raised on the link that is open: another would cost round trips", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 20);
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 2, lanes: 1 } }));
    const first = await receive(consumer, 2);
    const attached = shared.emulator.log.count("attach");
    for (const maxOutstanding of [3, 8]) await consumer.setFlow?.({ maxOutstanding, lanes: 1 }, never);
    const more = await receive(consumer, 6);
    expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 50 }, never)).toEqual([]);
    expect(shared.locked(target)).toBe(8);
    expect(shared.emulator.log.count("attach")).toBe(attached);
    const handles = [...first, ...more].map(({ handle }) => handle);
    valuesOf(await consumer.ackBatch(handles, never));
    expect(await receive(consumer, 8)).toHaveLength(8);
  });

  test("has its raised size also when the SDK opened the link again by itself", async () => {
    const target = await shared.newQueue();
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 2, lanes: 1 } }));
    await shared.send(target, 1, "first");
    const [first] = await receive(consumer, 1);
    await consumer.setFlow?.({ maxOutstanding: 5, lanes: 1 }, never);
    valuesOf(await consumer.ackBatch([first?.handle], never));
    await detachLink(target);
    await receive(consumer, 5);
    expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 50 }, never)).toEqual([]);
  });

  test("is lowered by withheld slots where messages are in hand", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 20);
    const consumer = await consumeLowered(target);
    await receive(consumer, 2);
    expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 50 }, never)).toEqual([]);
    expect(shared.locked(target)).toBe(2);
  });

  test("stays lowered when the service detaches the link", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 6);
    const consumer = await consumeLowered(target);
    await detachLink(target);
    await receive(consumer, 2);
    expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 200 }, never)).toEqual([]);
  });

  test("is lowered at once where nothing is in hand: the credit is called back", async () => {
    const target = await shared.newQueue();
    const consumer = await shared.consume(
      target,
      consumerOptions({ flow: { maxOutstanding: 10, lanes: 1 } }),
    );
    await consumer.setFlow?.({ maxOutstanding: 1, lanes: 1 }, never);
    await shared.send(target, 5);
    await receive(consumer, 1);
    expect(await consumer.receiveBatch({ maxItems: 10, waitMs: 50 }, never)).toEqual([]);
    expect(shared.locked(target)).toBe(1);
  });

  test("stops and goes on; what nobody asked for goes back", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 3);
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 3, lanes: 1 } }));
    await until(() => shared.locked(target) === 3);
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    expect(shared.locked(target)).toBe(0);
    await consumer.setFlow?.({ maxOutstanding: 3, lanes: 1 }, never);
    expect(await receive(consumer, 3)).toHaveLength(3);
  });

  test("goes on after a stop with what is settled, not only when all of it is", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 3);
    const flow = { maxOutstanding: 2, lanes: 1 };
    const consumer = await shared.consume(target, consumerOptions({ flow }));
    const [, short] = await receive(consumer, 2);
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    await consumer.setFlow?.(flow, never);
    valuesOf(await consumer.ackBatch([short?.handle], never));
    expect(await receive(consumer, 1)).toHaveLength(1);
  });

  test("closing gives back what nobody asked for", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 3);
    const consumer = await shared.consume(target);
    await until(() => shared.locked(target) === 3);
    await consumer.close();
    expect(shared.locked(target)).toBe(0);
  });

  test("what nobody asked for goes back over the next connection where one dies meanwhile", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 3);
    const consumer = await shared.consume(target);
    await until(() => shared.locked(target) === 3);
    await consumer.receiveBatch({ maxItems: 1, waitMs: 5_000 }, never);
    const rule = { protocol: "service-bus", operation: "abandon", count: 1 } as const;
    shared.emulator.faults.add({ ...rule, action: { kind: "reset" } });
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    expect(shared.locked(target)).toBe(1);
  });
});

describe("somebody else's bodies", () => {
  test("a text sent by the raw SDK comes with its quotes: that is what it wrote", async () => {
    const target = await shared.newQueue();
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    await client.createSender(target.entity).sendMessages({ body: "hello" });
    const [delivery] = await receive(await shared.consume(target), 1);
    expect(Buffer.from(present(delivery).body).toString()).toBe('"hello"');
  });

  test.each([
    ["value", "hello", "hello"],
    ["value", 42, "42"],
    ["sequence", [1, 2], "[1,2]"],
    ["data", Buffer.from("123"), "123"],
  ] as const)("an AMQP %s (%s) is delivered", async (bodyType, body, text) => {
    const target = await shared.newQueue();
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    await client.createSender(target.entity).sendMessages({ body, bodyType });
    const [delivery] = await receive(await shared.consume(target), 1);
    expect(Buffer.from(present(delivery).body).toString()).toBe(text);
  });
});
