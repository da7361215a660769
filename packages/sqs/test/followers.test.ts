import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import type { ConsumerDriver, Delivery } from "@anyqueue/core/adapter";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { sqs } from "../src/index.ts";
import { EmulatedSqs, NOW } from "./emulated-sqs.ts";
import { ANY_CREDENTIALS, factsOf, fifo, never, outgoing } from "./open-adapter.ts";
import { until } from "./scripted-server.ts";

const bench = new EmulatedSqs();
let consumer: ConsumerDriver<unknown>;

beforeEach(async () => {
  const target = await bench.created(fifo(bench.adapter));
  const keyed = ["1", "2", "3"].map((id) => outgoing(id, { orderingKey: "k" }));
  await bench.adapter.openProducer(target).sendBatch(keyed, never);
  consumer = bench.consume(target);
});

async function receive(): Promise<readonly Delivery<unknown>[]> {
  return await consumer.receiveBatch(NOW, never);
}

/** Does what the core does when the handler of a key's first message failed. */
async function failFirst([head, ...followers]: readonly Delivery<unknown>[]): Promise<void> {
  const unstarted = followers.map(({ handle }) => ({ handle, delayMs: 0, cause: "unstarted" as const }));
  await consumer.releaseBatch(unstarted, never);
  await consumer.releaseBatch([{ handle: head?.handle, delayMs: 0, cause: "retry" }], never);
}

const countsOf = (deliveries: readonly Delivery<unknown>[]): readonly (number | undefined)[] =>
  deliveries.map(({ deliveryCount }) => deliveryCount);

// The trap: one receive brings up to ten messages of a group, and SQS counts it for each of them. Each
// attempt at a failing head would use up an attempt of messages that no handler has seen.
describe("the followers of a failing message on a FIFO queue", () => {
  test("lose none of their attempts to it", async () => {
    for (const attempt of [1, 2, 3, 4]) {
      const deliveries = await receive();
      expect(countsOf(deliveries)).toEqual([attempt, 1, 1]);
      await failFirst(deliveries);
    }
    const [head] = await receive();
    await consumer.ackBatch([head?.handle], never);
    await bench.emulator.clock.advance(31_000);
    // They were not given back after that last receive, so it counts.
    expect(countsOf(await receive())).toEqual([2, 2]);
  });

  // Seen in the fault matrix: sqs-fifo/black-hole/receive, seed 20261201.
  test("lose none when they come again before the answer to their return does, or without one", async () => {
    bench.emulator.faults.add({
      operation: "ChangeMessageVisibilityBatch",
      when: "after",
      count: 1,
      action: { kind: "hold" },
    });
    const unstarted = (await receive()).map(({ handle }) => ({
      handle,
      delayMs: 0,
      cause: "unstarted" as const,
    }));
    const given = new AbortController();
    const released = consumer.releaseBatch(unstarted, given.signal).catch(() => undefined);
    await until(() => bench.emulator.log.count("ChangeMessageVisibilityBatch") > 0);
    expect(countsOf(await receive())).toEqual([1, 1, 1]);
    given.abort();
    await released;
  });

  test("lose none to a consumer of the same client, nor to its restart", async () => {
    const other = bench.consume(fifo(bench.adapter));
    for (const from of [consumer, other, consumer]) {
      const deliveries = await from.receiveBatch(NOW, never);
      expect(countsOf(deliveries)).toEqual([1, 1, 1]);
      const unstarted = deliveries.map(({ handle }) => ({ handle, delayMs: 0, cause: "unstarted" as const }));
      await from.releaseBatch(unstarted, never);
    }
    await consumer.close();
    consumer = bench.consume(fifo(bench.adapter));
    expect(countsOf(await receive())).toEqual([1, 1, 1]);
  });

  test("lose one only, however often their return is tried", async () => {
    const [head] = await receive();
    const unstarted = { handle: head?.handle, delayMs: 0, cause: "unstarted" as const };
    await consumer.releaseBatch([unstarted], never);
    await consumer.releaseBatch([unstarted], never);
    await bench.emulator.clock.advance(31_000);
    await receive();
    await bench.emulator.clock.advance(31_000);
    expect(countsOf(await receive())[0]).toBe(2);
  });

  test("are counted anew once they have failed themselves", async () => {
    await failFirst(await receive());
    const [head, ...rest] = await receive();
    await consumer.ackBatch([head?.handle], never);
    await failFirst(rest);
    expect(countsOf(await receive())).toEqual([2, 1]);
  });

  test("keep what was given back when they were handled and the delete failed", async () => {
    const unstarted = (await receive()).map(({ handle }) => ({
      handle,
      delayMs: 0,
      cause: "unstarted" as const,
    }));
    await consumer.releaseBatch(unstarted, never);
    const [head, ...rest] = await receive();
    const action = {
      kind: "partialBatch",
      code: "InternalError",
      isSenderFault: false,
      message: "no",
    } as const;
    bench.emulator.faults.add({ operation: "DeleteMessageBatch", count: 1, action });
    expect(await consumer.ackBatch([head?.handle], never)).toMatchObject([{ ok: false }]);
    await failFirst([...(head === undefined ? [] : [head]), ...rest]);
    expect(countsOf(await receive())).toEqual([2, 1, 1]);
  });

  test("are not moved to the dead letters by the service while heads fail one after the other", async () => {
    const client = createClient(`sqs://eu-west-1?endpoint=${bench.emulator.endpoints.sqs ?? ""}`, [
      sqs({ credentials: ANY_CREDENTIALS }),
    ]);
    onTestFinished(async () => void (await client.close()));
    const keyedQueue = (name: string, attempts: number) =>
      defineQueue(name, {
        schema: unchecked<string>(),
        orderingKey: (key: string) => key,
        retry: { attempts },
      });
    const keyed = keyedQueue("keyed", 5);
    await client.admin.create(keyed);
    // Nine of a reply's ten messages can fail five times each before the tenth has its first run.
    expect((await factsOf(bench.adapter, fifo(bench.adapter, "keyed"))).maxDeliveries).toBe(50);
    const many = keyedQueue("many", 200);
    await client.admin.create(many);
    expect((await factsOf(bench.adapter, fifo(bench.adapter, "many"))).maxDeliveries).toBe(1_000);
  });
});
