import { once } from "node:events";
import type { Delivery } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { consumerOptions, exact, fifo, never, openAdapter, standard } from "./open-adapter.ts";
import { held, stored, until } from "./scripted-server.ts";
import { ScriptedSqs } from "./scripted-sqs.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

const bench = new ScriptedSqs();

const idsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

describe("an aborted poll", () => {
  test("resolves at once with nothing, and what it still brings is released", async () => {
    const answer = held();
    bench.server.answer("ReceiveMessage", () => answer.reply);
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => bench.server.count("ReceiveMessage") === 1);
    controller.abort();
    expect(await poll).toEqual([]);
    answer.give({ Messages: [stored("1", "a"), stored("2", "b")] });
    await until(() => bench.server.count("ChangeMessageVisibilityBatch") === 1);
    expect(bench.server.inputs("ChangeMessageVisibilityBatch")[0]?.["Entries"]).toEqual([
      { Id: "0", ReceiptHandle: "handle-1", VisibilityTimeout: 0 },
      { Id: "1", ReceiptHandle: "handle-2", VisibilityTimeout: 0 },
    ]);
    await consumer.close();
  });

  test("is awaited by close, so that a late answer is released before the connection ends", async () => {
    const answer = held();
    bench.server.answer("ReceiveMessage", () => answer.reply);
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => bench.server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    const closed = consumer.close();
    answer.give({ Messages: [stored("1", "a")] });
    await closed;
    expect(bench.server.count("ChangeMessageVisibilityBatch")).toBe(1);
  });

  test("is cut off by close when nothing comes", async () => {
    bench.server.answer("ReceiveMessage", () => "hang");
    const consumer = bench.adapter.openConsumer(fifo(bench.adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => bench.server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    const startedAt = performance.now();
    await consumer.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await bench.server.calls.at(-1)?.gone;
    expect(await consumer.receiveBatch(ASK, never)).toEqual([]);
  });

  test("is taken over by the next ask, which costs neither a request nor a delivery count", async () => {
    const answer = held();
    bench.server.answer("ReceiveMessage", () => answer.reply);
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    const first = new AbortController();
    const second = new AbortController();
    const aborted = [consumer.receiveBatch(ASK, first.signal)];
    await until(() => bench.server.count("ReceiveMessage") === 1);
    first.abort();
    aborted.push(consumer.receiveBatch(ASK, second.signal));
    second.abort();
    expect((await Promise.all(aborted)).flat()).toEqual([]);
    const third = consumer.receiveBatch(ASK, never);
    answer.give({ Messages: [stored("1", "a")] });
    expect(idsOf(await third)).toEqual(["1"]);
    await consumer.close();
    expect(bench.server.count("ReceiveMessage")).toBe(1);
    expect(bench.server.count("ChangeMessageVisibilityBatch")).toBe(0);
  });

  test.each([
    ["has room for less", { maxItems: 9, waitMs: 20_000 }],
    ["does not wait that long", { maxItems: 10, waitMs: 1_000 }],
  ])("is left alone by an ask that %s", async (_, ask) => {
    const answer = held();
    bench.server.answer("ReceiveMessage", (nth) => (nth === 1 ? answer.reply : { body: {} }));
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => bench.server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    expect(await consumer.receiveBatch(ask, never)).toEqual([]);
    expect(bench.server.count("ReceiveMessage")).toBe(2);
    answer.give({});
    await consumer.close();
  });

  // The trap: the application's own client may have no timeout, and a half-open connection then keeps one of
  // its sockets forever.
  test("is cut once its answer is overdue", async () => {
    const clock = createVirtualClock();
    let [begun, ended] = [0, 0];
    const client = {
      async send(_: unknown, { abortSignal }: { abortSignal: AbortSignal }) {
        begun += 1;
        await once(abortSignal, "abort");
        ended += 1;
        throw new Error("aborted");
      },
    } as unknown as SQSClient;
    const own = openAdapter(undefined, { options: { client }, clock });
    const url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
    const consumer = own.openConsumer(exact(own, url), consumerOptions());
    const [early, late] = [new AbortController(), new AbortController()];
    const polls = [consumer.receiveBatch(ASK, early.signal), consumer.receiveBatch(ASK, late.signal)];
    await until(() => begun === 2);
    early.abort();
    await polls[0];
    await clock.advance(29_000);
    expect(ended).toBe(0);
    await clock.advance(2_000);
    await expect.poll(() => ended).toBe(1);
    late.abort();
    await polls[1];
    await clock.advance(1);
    await expect.poll(() => ended).toBe(2);
    await own.close();
  });

  test("asks for nothing if it was aborted before it began", async () => {
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), consumerOptions());
    expect(await consumer.receiveBatch(ASK, AbortSignal.abort())).toEqual([]);
    expect(bench.server.calls).toHaveLength(0);
  });

  test("reports a late answer that could not be released", async () => {
    const answer = held();
    const options = consumerOptions();
    bench.server.script((call) => {
      if (call.operation === "ReceiveMessage") return answer.reply;
      return call.operation === "ChangeMessageVisibilityBatch" ? "reset" : undefined;
    });
    const consumer = bench.adapter.openConsumer(standard(bench.adapter), options);
    const controller = new AbortController();
    const poll = consumer.receiveBatch(ASK, controller.signal);
    await until(() => bench.server.count("ReceiveMessage") === 1);
    controller.abort();
    await poll;
    answer.give({ Messages: [stored("1", "a")] });
    await until(() => options.faults.length === 1);
    expect(bench.adapter.classify(options.faults[0], "release").code).toBe("CONNECTION_LOST");
    await consumer.close();
  });
});
