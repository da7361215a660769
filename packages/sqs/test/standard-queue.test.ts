import type { OutgoingMessage } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { never, outgoing, rejection, standard } from "./open-adapter.ts";
import { EmulatedSqs, NOW, textsOf } from "./emulated-sqs.ts";

const bench = new EmulatedSqs();

describe("a standard queue", () => {
  test("carries text, binary, empty and illegal bodies and every attribute there and back", async () => {
    const target = await bench.created(standard(bench.adapter));
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
    const results = await bench.adapter.openProducer(target).sendBatch(messages, never);
    expect(results.every((result) => result.ok)).toBe(true);
    const deliveries = await bench.consume(target).receiveBatch(NOW, never);
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
    const target = await bench.created(standard(bench.adapter));
    const producer = bench.adapter.openProducer(target);
    const attributes = { tenant: "t", count: "€" };
    const rest =
      producer.sizeOf(outgoing("m", { body: new Uint8Array(0), attributes })) - 1 - '"enc":"empty",'.length;
    const filled = (bytes: number): OutgoingMessage =>
      outgoing("m", { body: new Uint8Array(bytes - rest).fill(65), attributes });
    const [atLimit, over] = [filled(1_048_576), filled(1_048_577)];
    expect([producer.sizeOf(atLimit), producer.sizeOf(over)]).toEqual([1_048_576, 1_048_577]);
    expect((await producer.sendBatch([atLimit], never))[0]?.ok).toBe(true);
    // The service counts the batch as a whole. A batch with one byte too many in all still gets there.
    const half = filled(524_288);
    expect((await producer.sendBatch([half, half], never)).map(({ ok }) => ok)).toEqual([true, true]);
    const refused = await rejection(producer.sendBatch([half, filled(524_289)], never));
    expect(bench.adapter.classify(refused, "send").code).toBe("BATCH_TOO_LARGE");
  });

  test("releases with a delay, extends, and counts deliveries", async () => {
    const target = await bench.created(standard(bench.adapter));
    await bench.adapter.openProducer(target).sendBatch([outgoing("1")], never);
    const consumer = bench.consume(target, 10_000);
    const [first] = await consumer.receiveBatch(NOW, never);
    await consumer.releaseBatch([{ handle: first?.handle, delayMs: 60_000, cause: "retry" }], never);
    await bench.emulator.clock.advance(45_000);
    expect(await consumer.receiveBatch(NOW, never)).toEqual([]);
    await bench.emulator.clock.advance(15_500);
    const [second] = await consumer.receiveBatch(NOW, never);
    expect(second).toMatchObject({ deliveryCount: 2, leaseMs: 10_000 });
    await consumer.extendBatch?.([{ handle: second?.handle, leaseMs: 120_000 }], never);
    await bench.emulator.clock.advance(100_000);
    expect(await consumer.receiveBatch(NOW, never)).toEqual([]);
    expect(await consumer.ackBatch([second?.handle], never)).toEqual([{ ok: true, value: undefined }]);
    expect(await bench.admin.inspect(target, never)).toMatchObject({
      ready: 0,
      inFlight: 0,
      approximate: true,
    });
  });

  test("reports a late delete as success, as SQS does, and declares it", async () => {
    const target = await bench.created(standard(bench.adapter));
    await bench.adapter.openProducer(target).sendBatch([outgoing("1")], never);
    const consumer = bench.consume(target, 5_000);
    const [delivery] = await consumer.receiveBatch(NOW, never);
    await bench.emulator.clock.advance(6_000);
    expect(target.capabilities.settle).toBe("lateOk");
    expect((await consumer.ackBatch([delivery?.handle], never))[0]?.ok).toBe(true);
  });

  test("wakes a long poll when a message arrives", async () => {
    const target = await bench.created(standard(bench.adapter));
    const poll = bench.consume(target).receiveBatch({ maxItems: 1, waitMs: 20_000 }, never);
    await bench.adapter.openProducer(target).sendBatch([outgoing("late")], never);
    expect(textsOf(await poll)).toEqual(["body of late"]);
  });

  test("delays a message up to fifteen minutes", async () => {
    const target = await bench.created(standard(bench.adapter));
    const deliverAtMs = Date.now() + 900_000;
    await bench.adapter.openProducer(target).sendBatch([outgoing("1", { deliverAtMs })], never);
    expect(await bench.consume(target).receiveBatch(NOW, never)).toEqual([]);
    await bench.emulator.clock.advance(900_000);
    expect(await bench.consume(target).receiveBatch(NOW, never)).toHaveLength(1);
  });
});
