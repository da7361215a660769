import { systemClock, type ItemResult, type ProducerDriver } from "@anyqueue/core/adapter";
import { describe, expect, test, vi } from "vitest";
import { exact, never, openAdapter, outgoing, rejection, standard } from "./open-adapter.ts";
import { ScriptedSqs } from "./scripted-sqs.ts";
import { refusal, type ScriptedReply } from "./scripted-server.ts";

const bench = new ScriptedSqs();

const codesOf = (results: readonly ItemResult<unknown>[]): readonly string[] =>
  results.map((result) => (result.ok ? "ok" : bench.adapter.classify(result.error, "send").code));

// The trap: queues made with MaximumMessageSize 262144 keep it, although the service now accepts 1 MiB.
describe("the queue's own size limit", () => {
  const withLimit = (attributes: ScriptedReply): void =>
    bench.server.answer("GetQueueAttributes", () => attributes);

  async function producerWith(attributes: ScriptedReply): Promise<ProducerDriver> {
    withLimit(attributes);
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    await producer.open?.(never);
    return producer;
  }

  test("is asked for once, when a message comes that may exceed it", async () => {
    const producer = await producerWith({ body: { Attributes: {} } });
    const small = outgoing("small");
    const large = outgoing("large", { body: new Uint8Array(2_000).fill(120) });
    await producer.sendBatch([small], never);
    expect(bench.server.count("GetQueueAttributes")).toBe(0);
    await Promise.all([producer.sendBatch([small, large], never), producer.sendBatch([large], never)]);
    await producer.sendBatch([large], never);
    expect(bench.server.count("GetQueueAttributes")).toBe(1);
  });

  test("is read before, and what exceeds it is refused with size and limit before it is sent", async () => {
    const producer = await producerWith({ body: { Attributes: { MaximumMessageSize: "1024" } } });
    const large = outgoing("large", { body: new Uint8Array(2_000).fill(120) });
    const results = await producer.sendBatch([outgoing("a"), large, outgoing("b")], never);
    expect(codesOf(results)).toEqual(["ok", "MESSAGE_TOO_LARGE", "ok"]);
    expect(results[1]).toMatchObject({
      error: {
        sizeBytes: producer.sizeOf(large),
        limitBytes: 1_024,
        target: "sqs://eu-west-1/orders",
        operation: "send",
      },
    });
    expect(bench.server.inputs("SendMessageBatch").map(({ Entries }) => Entries)).toMatchObject([
      [{ MessageBody: "body of a" }, { MessageBody: "body of b" }],
    ]);
    expect(codesOf(await producer.sendBatch([large], never))).toEqual(["MESSAGE_TOO_LARGE"]);
    expect(bench.server.count("SendMessageBatch")).toBe(1);
  });

  test("is read again, once a minute, before a message is refused: somebody may have raised it", async () => {
    const now = vi.spyOn(systemClock, "now");
    const producer = await producerWith({ body: { Attributes: { MaximumMessageSize: "1024" } } });
    const large = outgoing("large", { body: new Uint8Array(2_000).fill(120) });
    const codes = async (): Promise<readonly string[]> => codesOf(await producer.sendBatch([large], never));
    expect(await codes()).toEqual(["MESSAGE_TOO_LARGE"]);
    withLimit({ body: { Attributes: { MaximumMessageSize: "4096" } } });
    expect(await codes()).toEqual(["MESSAGE_TOO_LARGE"]);
    expect(bench.server.count("GetQueueAttributes")).toBe(1);
    now.mockReturnValue(performance.now() + 61_000);
    expect(await codes()).toEqual(["ok"]);
    now.mockRestore();
    expect(await codes()).toEqual(["ok"]);
    expect(bench.server.count("GetQueueAttributes")).toBe(2);
  });

  test("takes a message of exactly that size", async () => {
    const message = outgoing("edge", { body: new Uint8Array(1_500).fill(120) });
    const size = bench.adapter.openProducer(standard(bench.adapter)).sizeOf(message);
    for (const [limit, code] of [
      [size, "ok"],
      [size - 1, "MESSAGE_TOO_LARGE"],
    ] as const) {
      const other = openAdapter(bench.server.endpoint);
      withLimit({ body: { Attributes: { MaximumMessageSize: String(limit) } } });
      const producer = other.openProducer(standard(other));
      await producer.open?.(never);
      expect(codesOf(await producer.sendBatch([message], never))).toEqual([code]);
      await other.close();
    }
  });

  test("is no condition of sending where it may not or cannot be read", async () => {
    for (const reply of [refusal("AccessDenied", 403), refusal("RequestThrottled", 403), "reset" as const]) {
      const producer = await producerWith(reply);
      expect(codesOf(await producer.sendBatch([outgoing("a")], never))).toEqual(["ok"]);
    }
  });

  test("is not there to be read where the queue is missing, which the start then says", async () => {
    withLimit(refusal("QueueDoesNotExist"));
    const byUrl = exact(bench.adapter, `${bench.server.endpoint}/000000000000/orders`);
    const error = await rejection(bench.adapter.openProducer(byUrl).open?.(never));
    expect(bench.adapter.classify(error, "open").code).toBe("NOT_FOUND");
  });
});
