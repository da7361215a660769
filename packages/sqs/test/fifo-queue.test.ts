import { describe, expect, test } from "vitest";
import { exact, fifo, never, outgoing, standard } from "./open-adapter.ts";
import { EmulatedSqs, NOW, textsOf } from "./emulated-sqs.ts";

const bench = new EmulatedSqs();

describe("a FIFO queue", () => {
  test("keeps a key's order and stores a repeated send once", async () => {
    const target = await bench.created(fifo(bench.adapter));
    const producer = bench.adapter.openProducer(target);
    const keyed = ["1", "2", "3"].map((id) => outgoing(id, { orderingKey: "k" }));
    await producer.sendBatch(keyed, never);
    await producer.sendBatch([outgoing("2", { orderingKey: "k" })], never);
    const deliveries = await bench.consume(target).receiveBatch(NOW, never);
    expect(textsOf(deliveries)).toEqual(["body of 1", "body of 2", "body of 3"]);
    expect(deliveries.map((delivery) => delivery.orderingKey)).toEqual(["k", "k", "k"]);
  });

  test("lets unkeyed messages pass each other, and shows no key", async () => {
    const target = await bench.created(fifo(bench.adapter));
    await bench.adapter.openProducer(target).sendBatch([outgoing("1"), outgoing("2")], never);
    const consumer = bench.consume(target);
    const first = await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    const second = await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
    expect(textsOf([...first, ...second]).toSorted()).toEqual(["body of 1", "body of 2"]);
    expect(first[0]?.orderingKey).toBeUndefined();
  });

  test("reports a late delete as a lost lease", async () => {
    const target = await bench.created(fifo(bench.adapter));
    await bench.adapter.openProducer(target).sendBatch([outgoing("1", { orderingKey: "k" })], never);
    const consumer = bench.consume(target, 5_000);
    const [delivery] = await consumer.receiveBatch(NOW, never);
    await bench.emulator.clock.advance(6_000);
    const [result] = await consumer.ackBatch([delivery?.handle], never);
    expect(result?.ok === false && bench.adapter.classify(result.error, "ack")).toMatchObject({
      code: "LEASE_LOST",
      ambiguous: false,
    });
  });

  test("gets the messages of a lost answer back with the next poll, not after their lease", async () => {
    const target = await bench.created(fifo(bench.adapter));
    await bench.adapter.openProducer(target).sendBatch([outgoing("1", { orderingKey: "k" })], never);
    bench.emulator.faults.add({
      operation: "ReceiveMessage",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const consumer = bench.consume(target);
    expect(await bench.codeOf(consumer.receiveBatch(NOW, never))).toBe("CONNECTION_LOST");
    expect(textsOf(await consumer.receiveBatch(NOW, never))).toEqual(["body of 1"]);
  });

  test("is not sent twice when an ambiguous send is repeated with the same token", async () => {
    const target = await bench.created(fifo(bench.adapter));
    bench.emulator.faults.add({
      operation: "SendMessageBatch",
      when: "after",
      count: 1,
      action: { kind: "reset" },
    });
    const producer = bench.adapter.openProducer(target);
    expect(await bench.codeOf(producer.sendBatch([outgoing("1")], never))).toBe("CONNECTION_LOST");
    await producer.sendBatch([outgoing("1")], never);
    expect(await bench.consume(target).receiveBatch(NOW, never)).toHaveLength(1);
    expect(bench.emulator.log.count("SendMessageBatch")).toBe(2);
  });
});

describe("addresses", () => {
  test("reach one queue by its name, its URL and its ARN", async () => {
    await bench.created(standard(bench.adapter, "orders"));
    const endpoint = bench.emulator.endpoints.sqs ?? "";
    for (const entity of [
      "orders",
      `${endpoint}/000000000000/orders`,
      "arn:aws:sqs:eu-west-1:000000000000:orders",
    ]) {
      const [result] = await bench.adapter
        .openProducer(exact(bench.adapter, entity))
        .sendBatch([outgoing("x")], never);
      expect(result?.ok).toBe(true);
    }
    expect(await bench.admin.inspect(standard(bench.adapter, "orders"), never)).toMatchObject({ ready: 3 });
  });

  test("end in NOT_FOUND for a queue that is missing, on both sides", async () => {
    const target = standard(bench.adapter, "nowhere");
    expect(await bench.codeOf(bench.adapter.openProducer(target).open?.(never) ?? Promise.resolve())).toBe(
      "NOT_FOUND",
    );
    expect(await bench.codeOf(bench.consume(target).open?.(never) ?? Promise.resolve())).toBe("NOT_FOUND");
  });
});
