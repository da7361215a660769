import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { AdminDriver, ConsumerDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  adminOf,
  consumerOptions,
  factsOf,
  fifo,
  never,
  openAdapter,
  outgoing,
  standard,
} from "./open-adapter.ts";

const NOW = { maxItems: 10, waitMs: 0 };

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
