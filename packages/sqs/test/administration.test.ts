import { createClient, defineQueue } from "@anyqueue/core";
import type { Target } from "@anyqueue/core/adapter";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { sqs } from "../src/sqs-provider.ts";
import { ANY_CREDENTIALS, factsOf, fifo, never, outgoing, standard } from "./open-adapter.ts";
import { EmulatedSqs, NOW } from "./emulated-sqs.ts";

const bench = new EmulatedSqs();

describe("administration", () => {
  const dead = (name: string): Target => bench.adapter.resolve({ kind: "dead-letter", name, features: [] });

  test("creates a queue with its dead-letter queue, which then works", async () => {
    const target = standard(bench.adapter, "jobs");
    await bench.created(dead("jobs"));
    const options = {
      deadLetter: dead("jobs"),
      maxDeliveries: 2,
      leaseMs: 45_000,
      tags: { team: "billing" },
    };
    await bench.admin.create(target, options, never);
    await bench.admin.create(target, options, never);
    const facts = await factsOf(bench.adapter, target);
    expect(facts).toMatchObject({
      leaseMs: 45_000,
      maxDeliveries: 2,
      deadLetterEntity: "jobs-dead",
      unknown: [],
    });
    await bench.adapter.openProducer(target).sendBatch([outgoing("poison")], never);
    const consumer = bench.consume(target);
    for (let round = 0; round < 3; round += 1) {
      const [delivery] = await consumer.receiveBatch(NOW, never);
      if (delivery !== undefined)
        await consumer.releaseBatch([{ handle: delivery.handle, delayMs: 0, cause: "retry" }], never);
    }
    const [letter] = await bench.consume(dead("jobs")).receiveBatch(NOW, never);
    expect(letter).toMatchObject({ id: "poison", deadLetter: { source: "jobs" } });
    const retention = (await bench.adapter.probe?.(dead("jobs"), never))?.facts.retentionMs;
    expect(retention).toBe(14 * 86_400_000);
  });

  test("refuses to change a queue that exists with other settings", async () => {
    await bench.admin.create(standard(bench.adapter), { leaseMs: 45_000 }, never);
    expect(await bench.codeOf(bench.admin.create(standard(bench.adapter), { leaseMs: 50_000 }, never))).toBe(
      "ALREADY_EXISTS",
    );
    expect((await bench.adapter.probe?.(standard(bench.adapter), never))?.facts.leaseMs).toBe(45_000);
  });

  test("keeps messages as long as SQS can, and leaves a queue that keeps them for less as it is", async () => {
    const own = await bench.created(standard(bench.adapter));
    const endpoint = bench.emulator.endpoints.sqs ?? "";
    const client = new SQSClient({ endpoint, region: "eu-west-1", credentials: ANY_CREDENTIALS });
    await client.send(new CreateQueueCommand({ QueueName: "older" }));
    client.destroy();
    const older = await bench.created(standard(bench.adapter, "older"));
    const days = async (target: Target): Promise<number> =>
      ((await bench.adapter.probe?.(target, never))?.facts.retentionMs ?? 0) / 86_400_000;
    expect([await days(own), await days(older)]).toEqual([14, 4]);
    const differs = bench.admin.create(older, { leaseMs: 50_000 }, never);
    expect(await bench.codeOf(differs)).toBe("ALREADY_EXISTS");
  });

  test("lists, counts, purges and deletes", async () => {
    const target = await bench.created(standard(bench.adapter, "a-orders"));
    await bench.created(fifo(bench.adapter, "a-keyed"));
    await bench.created(standard(bench.adapter, "b-other"));
    expect([...(await bench.admin.list("a-", never))].toSorted()).toEqual(["a-keyed.fifo", "a-orders"]);
    expect(await bench.admin.list("", never)).toHaveLength(3);
    await bench.adapter.openProducer(target).sendBatch([outgoing("1"), outgoing("2")], never);
    await bench.consume(target).receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    expect(await bench.admin.inspect(target, never)).toEqual({
      ready: 1,
      inFlight: 1,
      delayed: 0,
      approximate: true,
    });
    await bench.admin.purge(target, never);
    expect(await bench.codeOf(bench.admin.purge(target, never))).toBe("THROTTLED");
    await bench.admin.delete(target, never);
    expect(await bench.codeOf(bench.admin.inspect(target, never))).toBe("NOT_FOUND");
  });

  test("moves dead letters to a named queue and tells how far it is", async () => {
    const target = standard(bench.adapter, "jobs");
    await bench.created(dead("jobs"));
    await bench.admin.create(target, { deadLetter: dead("jobs"), maxDeliveries: 3 }, never);
    const letters = Array.from({ length: 25 }, (_, index) => outgoing(`dead-${index}`));
    await bench.adapter.openProducer(dead("jobs")).sendBatch(letters, never);
    const progress: number[] = [];
    for await (const { moved } of bench.admin.redrive?.(dead("jobs"), target, never) ?? []) {
      progress.push(moved);
      await bench.emulator.clock.advance(1_000);
    }
    expect(progress.at(-1)).toBe(25);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await bench.admin.inspect(target, never)).toMatchObject({ ready: 25 });
  });

  test("a client moves dead letters back although no redrive policy names their queue", async () => {
    await bench.created(standard(bench.adapter));
    await bench.adapter
      .openProducer(await bench.created(dead("orders")))
      .sendBatch([outgoing("1"), outgoing("2")], never);
    const url = `sqs://eu-west-1?endpoint=${bench.emulator.endpoints.sqs}`;
    const client = createClient(url, [sqs({ credentials: ANY_CREDENTIALS })]);
    const progress: number[] = [];
    for await (const { moved } of client.admin.redrive(defineQueue("orders"))) progress.push(moved);
    expect(progress.at(-1)).toBe(2);
    expect(await bench.admin.inspect(standard(bench.adapter), never)).toMatchObject({ ready: 2 });
    await client.close();
  });

  test("says that a queue is nobody's dead-letter queue", async () => {
    const from = await bench.created(standard(bench.adapter, "plain"));
    const to = await bench.created(standard(bench.adapter, "other"));
    const moves = bench.admin.redrive?.(from, to, never)[Symbol.asyncIterator]();
    expect(await bench.codeOf(moves?.next() ?? Promise.resolve())).toBe("UNSUPPORTED");
  });
});
