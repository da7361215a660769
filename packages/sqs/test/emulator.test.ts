import type { AdminDriver, ConsumerDriver, Delivery, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  adminOf,
  consumerOptions,
  exact,
  factsOf,
  fifo,
  never,
  openAdapter,
  outgoing,
  rejection,
  standard,
} from "./open-adapter.ts";

const NOW = { maxItems: 10, waitMs: 0 };
const text = (delivery: Delivery<unknown> | undefined): string => new TextDecoder().decode(delivery?.body);
const textsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] => deliveries.map(text);

let emulator: Emulator;
let adapter: QueueAdapter;
let admin: AdminDriver;

beforeAll(async () => {
  emulator = await startEmulator();
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

describe("a standard queue", () => {
  test("carries text, binary, empty and illegal bodies and every attribute there and back", async () => {
    const target = await created(standard(adapter));
    const bodies = ["text", "", "a\u0000b", "😀\r\n", "\ufffe"].map((body) => new TextEncoder().encode(body));
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`n${index}`, index % 5 === 0 ? "" : `v\u0007${index}`]),
    );
    const messages = [...bodies, Uint8Array.of(0xff, 0, 0xfe)].map((body, index) =>
      outgoing(`id-${index}`, {
        body,
        attributes: many,
        correlationId: "c",
        replyTo: "r",
        subject: "s",
        contentType: "x/y",
      }),
    );
    const results = await adapter.openProducer(target).sendBatch(messages, never);
    expect(results.every((result) => result.ok)).toBe(true);
    const deliveries = await consume(target).receiveBatch(NOW, never);
    const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
    for (const message of messages) {
      expect(byId.get(message.id)).toMatchObject({
        body: Uint8Array.from(message.body),
        attributes: many,
        correlationId: "c",
        replyTo: "r",
        subject: "s",
        contentType: "x/y",
        deliveryCount: 1,
      });
    }
  });

  test("counts bytes as the service does, to the byte", async () => {
    const target = await created(standard(adapter));
    const producer = adapter.openProducer(target);
    const attributes = { tenant: "t", count: "€" };
    const rest =
      producer.sizeOf(outgoing("m", { body: new Uint8Array(0), attributes })) - 1 - '"enc":"empty",'.length;
    const atLimit = outgoing("m", { body: new Uint8Array(1_048_576 - rest).fill(65), attributes });
    const over = outgoing("m", { body: new Uint8Array(1_048_576 - rest + 1).fill(65), attributes });
    expect([producer.sizeOf(atLimit), producer.sizeOf(over)]).toEqual([1_048_576, 1_048_577]);
    expect((await producer.sendBatch([atLimit], never))[0]?.ok).toBe(true);
    const refused = await rejection(producer.sendBatch([over], never));
    expect(adapter.classify(refused, "send").code).toBe("BATCH_TOO_LARGE");
  });

  test("releases with a delay, extends, and counts deliveries", async () => {
    const target = await created(standard(adapter));
    await adapter.openProducer(target).sendBatch([outgoing("1")], never);
    const consumer = consume(target, 10_000);
    const [first] = await consumer.receiveBatch(NOW, never);
    await consumer.releaseBatch([{ handle: first?.handle, delayMs: 60_000, cause: "retry" }], never);
    await emulator.clock.advance(59_000);
    expect(await consumer.receiveBatch(NOW, never)).toEqual([]);
    await emulator.clock.advance(1_500);
    const [second] = await consumer.receiveBatch(NOW, never);
    expect(second).toMatchObject({ deliveryCount: 2, leaseMs: 10_000 });
    await consumer.extendBatch?.([{ handle: second?.handle, leaseMs: 120_000 }], never);
    await emulator.clock.advance(100_000);
    expect(await consumer.receiveBatch(NOW, never)).toEqual([]);
    expect(await consumer.ackBatch([second?.handle], never)).toEqual([{ ok: true, value: undefined }]);
    expect(await admin.inspect(target, never)).toMatchObject({ ready: 0, inFlight: 0, approximate: true });
  });

  test("reports a late delete as success, as SQS does, and declares it", async () => {
    const target = await created(standard(adapter));
    await adapter.openProducer(target).sendBatch([outgoing("1")], never);
    const consumer = consume(target, 5_000);
    const [delivery] = await consumer.receiveBatch(NOW, never);
    await emulator.clock.advance(6_000);
    expect(target.capabilities.settle).toBe("lateOk");
    expect((await consumer.ackBatch([delivery?.handle], never))[0]?.ok).toBe(true);
  });

  test("wakes a long poll when a message arrives", async () => {
    const target = await created(standard(adapter));
    const poll = consume(target).receiveBatch({ maxItems: 1, waitMs: 20_000 }, never);
    await adapter.openProducer(target).sendBatch([outgoing("late")], never);
    expect(textsOf(await poll)).toEqual(["body of late"]);
  });

  test("delays a message up to fifteen minutes", async () => {
    const target = await created(standard(adapter));
    const deliverAtMs = Date.now() + 900_000;
    await adapter.openProducer(target).sendBatch([outgoing("1", { deliverAtMs })], never);
    expect(await consume(target).receiveBatch(NOW, never)).toEqual([]);
    await emulator.clock.advance(900_000);
    expect(await consume(target).receiveBatch(NOW, never)).toHaveLength(1);
  });
});

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

describe("administration", () => {
  const dead = (name: string): Target => adapter.resolve({ kind: "dead-letter", name, features: [] });

  test("creates a queue with its dead-letter queue, which then works", async () => {
    const target = standard(adapter, "jobs");
    await created(dead("jobs"));
    const options = {
      deadLetter: dead("jobs"),
      maxDeliveries: 2,
      leaseMs: 45_000,
      tags: { team: "billing" },
    };
    await admin.create(target, options, never);
    await admin.create(target, options, never);
    const facts = await factsOf(adapter, target);
    expect(facts).toMatchObject({
      leaseMs: 45_000,
      maxDeliveries: 2,
      deadLetterEntity: "jobs-dead",
      unknown: [],
    });
    await adapter.openProducer(target).sendBatch([outgoing("poison")], never);
    const consumer = consume(target);
    for (let round = 0; round < 3; round += 1) {
      const [delivery] = await consumer.receiveBatch(NOW, never);
      if (delivery !== undefined)
        await consumer.releaseBatch([{ handle: delivery.handle, delayMs: 0, cause: "retry" }], never);
    }
    const [letter] = await consume(dead("jobs")).receiveBatch(NOW, never);
    expect(letter).toMatchObject({ id: "poison", deadLetter: { source: "jobs" } });
    const retention = (await adapter.probe?.(dead("jobs"), never))?.facts.retentionMs;
    expect(retention).toBe(14 * 86_400_000);
  });

  test("refuses to change a queue that exists with other settings", async () => {
    await admin.create(standard(adapter), { leaseMs: 45_000 }, never);
    expect(await codeOf(admin.create(standard(adapter), { leaseMs: 50_000 }, never))).toBe("ALREADY_EXISTS");
    expect((await adapter.probe?.(standard(adapter), never))?.facts.leaseMs).toBe(45_000);
  });

  test("lists, counts, purges and deletes", async () => {
    const target = await created(standard(adapter, "a-orders"));
    await created(fifo(adapter, "a-keyed"));
    await created(standard(adapter, "b-other"));
    expect([...(await admin.list("a-", never))].toSorted()).toEqual(["a-keyed.fifo", "a-orders"]);
    expect(await admin.list("", never)).toHaveLength(3);
    await adapter.openProducer(target).sendBatch([outgoing("1"), outgoing("2")], never);
    await consume(target).receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    expect(await admin.inspect(target, never)).toEqual({
      ready: 1,
      inFlight: 1,
      delayed: 0,
      approximate: true,
    });
    await admin.purge(target, never);
    expect(await codeOf(admin.purge(target, never))).toBe("THROTTLED");
    await admin.delete(target, never);
    expect(await codeOf(admin.inspect(target, never))).toBe("NOT_FOUND");
  });

  test("moves dead letters to a named queue and tells how far it is", async () => {
    const target = standard(adapter, "jobs");
    await created(dead("jobs"));
    await admin.create(target, { deadLetter: dead("jobs"), maxDeliveries: 3 }, never);
    const letters = Array.from({ length: 25 }, (_, index) => outgoing(`dead-${index}`));
    await adapter.openProducer(dead("jobs")).sendBatch(letters, never);
    const progress: number[] = [];
    for await (const { moved } of admin.redrive?.(dead("jobs"), target, never) ?? []) {
      progress.push(moved);
      await emulator.clock.advance(1_000);
    }
    expect(progress.at(-1)).toBe(25);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await admin.inspect(target, never)).toMatchObject({ ready: 25 });
  });

  test("says that a queue is nobody's dead-letter queue", async () => {
    const from = await created(standard(adapter, "plain"));
    const to = await created(standard(adapter, "other"));
    const moves = admin.redrive?.(from, to, never)[Symbol.asyncIterator]();
    expect(await codeOf(moves?.next() ?? Promise.resolve())).toBe("UNSUPPORTED");
  });
});
