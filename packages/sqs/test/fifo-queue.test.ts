import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { AdminDriver, ConsumerDriver, Delivery, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  adminOf,
  consumerOptions,
  exact,
  fifo,
  never,
  openAdapter,
  outgoing,
  standard,
} from "./open-adapter.ts";

const NOW = { maxItems: 10, waitMs: 0 };
const text = (delivery: Delivery<unknown> | undefined): string => new TextDecoder().decode(delivery?.body);
const textsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] => deliveries.map(text);

let emulator: Emulator;
let adapter: QueueAdapter;
let admin: AdminDriver;

beforeAll(async () => {
  emulator = await startEmulator({ sqsPort: 0 });
});

afterAll(async () => {
  await emulator.close();
});

beforeEach(async () => {
  emulator.reset();
  adapter = openAdapter(emulator.endpoints.sqs);
  admin = await adminOf(adapter);
});

afterEach(async () => {
  await adapter.close();
});

async function created(target: Target): Promise<Target> {
  await admin.create(target, {}, never);
  return target;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "none",
    (error: unknown) => adapter.classify(error, "admin").code,
  );
}

function consume(target: Target, leaseMs = 30_000): ConsumerDriver<unknown> {
  return adapter.openConsumer(target, consumerOptions(leaseMs));
}

describe("a FIFO queue", () => {
  test("keeps a key's order and stores a repeated send once", async () => {
    const target = await created(fifo(adapter));
    const producer = adapter.openProducer(target);
    const keyed = ["1", "2", "3"].map((id) => outgoing(id, { orderingKey: "k" }));
    await producer.sendBatch(keyed, never);
    await producer.sendBatch([outgoing("2", { orderingKey: "k" })], never);
    const deliveries = await consume(target).receiveBatch(NOW, never);
    expect(textsOf(deliveries)).toEqual(["body of 1", "body of 2", "body of 3"]);
    expect(deliveries.map((delivery) => delivery.orderingKey)).toEqual(["k", "k", "k"]);
  });

  test("lets unkeyed messages pass each other, and shows no key", async () => {
    const target = await created(fifo(adapter));
    await adapter.openProducer(target).sendBatch([outgoing("1"), outgoing("2")], never);
    const consumer = consume(target);
    const [first] = await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    const [second] = await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    expect([text(first), text(second)].toSorted()).toEqual(["body of 1", "body of 2"]);
    expect(first?.orderingKey).toBeUndefined();
  });

  test("reports a late delete as a lost lease", async () => {
    const target = await created(fifo(adapter));
    await adapter.openProducer(target).sendBatch([outgoing("1", { orderingKey: "k" })], never);
    const consumer = consume(target, 5_000);
    const [delivery] = await consumer.receiveBatch(NOW, never);
    await emulator.clock.advance(6_000);
    const [result] = await consumer.ackBatch([delivery?.handle], never);
    expect(result?.ok === false && adapter.classify(result.error, "ack")).toMatchObject({
      code: "LEASE_LOST",
      ambiguous: false,
    });
  });

  test("gets the messages of a lost answer back with the next poll, not after their lease", async () => {
    const target = await created(fifo(adapter));
    await adapter.openProducer(target).sendBatch([outgoing("1", { orderingKey: "k" })], never);
    emulator.faults.add({ operation: "ReceiveMessage", when: "after", count: 1, action: { kind: "reset" } });
    const consumer = consume(target);
    expect(await codeOf(consumer.receiveBatch(NOW, never))).toBe("CONNECTION_LOST");
    expect(textsOf(await consumer.receiveBatch(NOW, never))).toEqual(["body of 1"]);
  });

  test("is not sent twice when an ambiguous send is repeated with the same token", async () => {
    const target = await created(fifo(adapter));
    emulator.faults.add({
      operation: "SendMessageBatch",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const producer = adapter.openProducer(target);
    expect(await codeOf(producer.sendBatch([outgoing("1")], never))).toBe("CONNECTION_LOST");
    await producer.sendBatch([outgoing("1")], never);
    expect(await consume(target).receiveBatch(NOW, never)).toHaveLength(1);
    expect(emulator.log.count("SendMessageBatch")).toBe(2);
  });
});

describe("addresses", () => {
  test("reach one queue by its name, its URL and its ARN", async () => {
    await created(standard(adapter, "orders"));
    const endpoint = emulator.endpoints.sqs ?? "";
    for (const entity of [
      "orders",
      `${endpoint}/000000000000/orders`,
      "arn:aws:sqs:eu-west-1:000000000000:orders",
    ]) {
      const [result] = await adapter.openProducer(exact(adapter, entity)).sendBatch([outgoing("x")], never);
      expect(result?.ok).toBe(true);
    }
    expect(await admin.inspect(standard(adapter, "orders"), never)).toMatchObject({ ready: 3 });
  });

  test("end in NOT_FOUND for a queue that is missing, on both sides", async () => {
    const target = standard(adapter, "nowhere");
    expect(await codeOf(adapter.openProducer(target).open?.(never) ?? Promise.resolve())).toBe("NOT_FOUND");
    expect(await codeOf(consume(target).open?.(never) ?? Promise.resolve())).toBe("NOT_FOUND");
  });
});
