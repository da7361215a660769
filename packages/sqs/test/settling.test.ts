import type { ConsumerDriver, Delivery } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { consumerOptions, fifo, never, openAdapter, present, standard } from "./open-adapter.ts";
import { stored } from "./scripted-server.ts";
import { ScriptedSqs } from "./scripted-sqs.ts";

const HOUR_MS = 3_600_000;
const ASK = { maxItems: 10, waitMs: 20_000 };

const bench = new ScriptedSqs();

async function receiveOne(consumer: ConsumerDriver<unknown>): Promise<Delivery<unknown>> {
  const [delivery] = await consumer.receiveBatch(ASK, never);
  return present(delivery, "delivery");
}

describe("settling", () => {
  const handles = (count: number): { receiptHandle: string; messageId: string; receivedAtMs: number }[] =>
    Array.from({ length: count }, (_, index) => ({
      receiptHandle: `h${index}`,
      messageId: `m${index}`,
      receivedAtMs: performance.now(),
    }));

  test("deletes and changes visibility in tens, with one result per item", async () => {
    bench.server.script((call) =>
      call.operation === "DeleteMessageBatch" && bench.server.count("DeleteMessageBatch") === 2
        ? {
            body: {
              Failed: [{ Id: "0", Code: "ReceiptHandleIsInvalid", SenderFault: true, Message: "expired" }],
            },
          }
        : undefined,
    );
    const consumer = bench.adapter.openConsumer(fifo(bench.adapter), consumerOptions());
    const acked = await consumer.ackBatch(handles(11), never);
    expect(acked.map((result) => result.ok)).toEqual([...Array(10).fill(true), false]);
    const [lost] = acked.flatMap((result) =>
      result.ok ? [] : [bench.adapter.classify(result.error, "ack")],
    );
    expect(lost).toMatchObject({ code: "LEASE_LOST", retryable: false, ambiguous: false });
    const released = await consumer.releaseBatch(
      handles(12).map((handle) => ({ handle, delayMs: 1_500, cause: "retry" as const })),
      never,
    );
    expect(released).toHaveLength(12);
    expect(
      bench.server
        .inputs("ChangeMessageVisibilityBatch")
        .map((input) => (input["Entries"] as unknown[]).length),
    ).toEqual([10, 2]);
    expect(bench.server.inputs("ChangeMessageVisibilityBatch")[0]?.["Entries"]).toContainEqual({
      Id: "0",
      ReceiptHandle: "h0",
      VisibilityTimeout: 2,
    });
  });

  test("calls a delete ambiguous whose answer was lost", async () => {
    bench.server.script((call) => (call.operation === "DeleteMessageBatch" ? "reset" : undefined));
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    const error: unknown = await consumer.ackBatch(handles(1), never).catch((reason: unknown) => reason);
    expect(bench.adapter.classify(error, "ack")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
    expect(bench.server.count("DeleteMessageBatch")).toBe(1);
  });

  test("never asks for more than what is left of 12 hours, which SQS would refuse", async () => {
    const clock = createVirtualClock();
    const slow = openAdapter(bench.server.endpoint, { clock });
    bench.server.answer("ReceiveMessage", () => ({ body: { Messages: [stored("1", "a")] } }));
    const consumer = slow.openConsumer(standard(slow), consumerOptions());
    const { handle } = await receiveOne(consumer);
    await clock.advance(11 * HOUR_MS);
    const [extended] = (await consumer.extendBatch?.([{ handle, leaseMs: 2 * HOUR_MS }], never)) ?? [];
    await consumer.releaseBatch([{ handle, delayMs: 5 * HOUR_MS, cause: "retry" }], never);
    const [first, second] = bench.server
      .inputs("ChangeMessageVisibilityBatch")
      .map((input) => (input["Entries"] as { VisibilityTimeout: number }[])[0]?.VisibilityTimeout);
    expect(first).toBe(3_595);
    expect(extended).toEqual({ ok: true, value: { leaseMs: 3_595_000 } });
    expect(second).toBe(3_595);
    await clock.advance(HOUR_MS);
    const [over] = (await consumer.extendBatch?.([{ handle, leaseMs: 60_000 }], never)) ?? [];
    expect(over).toMatchObject({ ok: false, error: { code: "LEASE_LOST" } });
    expect(bench.server.count("ChangeMessageVisibilityBatch")).toBe(2);
    await slow.close();
  });

  test("answers each of several extensions for itself: capped, refused by the service, done", async () => {
    const clock = createVirtualClock();
    const slow = openAdapter(bench.server.endpoint, { clock });
    await clock.advance(13 * HOUR_MS);
    bench.server.answer("ChangeMessageVisibilityBatch", () => ({
      body: {
        Successful: [{ Id: "1" }],
        Failed: [{ Id: "0", Code: "MessageNotInflight", SenderFault: true, Message: "gone" }],
      },
    }));
    const consumer = slow.openConsumer(standard(slow), consumerOptions());
    const at = (receivedAtMs: number) => ({
      handle: { receiptHandle: `h${receivedAtMs}`, messageId: `m${receivedAtMs}`, receivedAtMs },
      leaseMs: 30_000,
    });
    const nowMs = clock.now();
    const results = (await consumer.extendBatch?.([at(0), at(nowMs), at(1), at(nowMs + 1)], never)) ?? [];
    expect(
      results.map((result) =>
        result.ok ? result.value.leaseMs : slow.classify(result.error, "extend").code,
      ),
    ).toEqual(["LEASE_LOST", "LEASE_LOST", "LEASE_LOST", 30_000]);
    expect(bench.server.inputs("ChangeMessageVisibilityBatch")[0]?.["Entries"]).toMatchObject([
      { Id: "0", ReceiptHandle: `h${nowMs}` },
      { Id: "1", ReceiptHandle: `h${nowMs + 1}` },
    ]);
    await slow.close();
  });

  test("answers an extension with what the lease is worth when the answer is here", async () => {
    const clock = createVirtualClock();
    const slow = openAdapter(bench.server.endpoint, { clock });
    bench.server.script(async (call) => {
      if (call.operation === "ChangeMessageVisibilityBatch") await clock.advance(400);
      return undefined;
    });
    const consumer = slow.openConsumer(standard(slow), consumerOptions());
    const handle = { receiptHandle: "h", receivedAtMs: clock.now() };
    const [extended] = (await consumer.extendBatch?.([{ handle, leaseMs: 30_000 }], never)) ?? [];
    expect(extended).toEqual({ ok: true, value: { leaseMs: 29_600 } });
    await slow.close();
  });
});

describe("closing", () => {
  test("refuses what comes later, and leaves a client that was given in open", async () => {
    const { SQSClient } = await import("@aws-sdk/client-sqs");
    const client = new SQSClient({
      region: "eu-west-1",
      endpoint: bench.server.endpoint,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    const borrowing = openAdapter(undefined, { options: { client } });
    const consumer = borrowing.openConsumer(standard(borrowing), consumerOptions());
    await consumer.receiveBatch(ASK, never);
    const original = client.destroy.bind(client);
    let destroyed = 0;
    client.destroy = () => {
      destroyed += 1;
      original();
    };
    await borrowing.close();
    await borrowing.close();
    expect(destroyed).toBe(0);
    const error: unknown = await consumer.receiveBatch(ASK, never).catch((reason: unknown) => reason);
    expect(borrowing.classify(error, "receive").code).toBe("CLOSED");
    client.destroy();
  });
});
