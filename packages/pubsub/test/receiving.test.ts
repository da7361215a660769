import type { ConsumerDriver, Delivery, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAJORS, useMajor } from "./majors.ts";
import { consumerOptions, never, openAdapter, outgoing, queue, rejection } from "./open-adapter.ts";
import { ackFailure, GrpcError, ScriptedServer, stored, until } from "./scripted-server.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

const idsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

/** An open consumer, and the faults that it reported. */
async function opened(
  more: Parameters<typeof consumerOptions>[0] = {},
): Promise<{ consumer: ConsumerDriver<unknown>; faults: unknown[] }> {
  const options = consumerOptions(more);
  const consumer = adapter.openConsumer(queue(adapter), options);
  await consumer.open?.(never);
  return { consumer, faults: options.faults };
}

function deadlines(): readonly (readonly [readonly unknown[], unknown])[] {
  return server
    .requests("ModifyAckDeadline")
    .map(({ ackIds, ackDeadlineSeconds }) => [Array.isArray(ackIds) ? ackIds : [], ackDeadlineSeconds]);
}

describe.each(MAJORS)("a stream with release %i", (major) => {
  useMajor(major);

  test("opens one, with the flow, the lease and keep-alives", async () => {
    const { consumer } = await opened({ leaseMs: 45_500, flow: { maxOutstanding: 7, lanes: 7 } });
    expect(server.streams).toHaveLength(1);
    expect(server.stream(0).opening).toMatchObject({
      subscription: "projects/p/subscriptions/orders",
      streamAckDeadlineSeconds: 46,
      maxOutstandingMessages: "7",
      protocolVersion: "1",
    });
    await consumer.close();
  });

  test("hands over what comes, as soon as it comes, with what is left of its lease", async () => {
    const { consumer } = await opened();
    const asked = consumer.receiveBatch(ASK, never);
    server.stream(0).send({ receivedMessages: [stored("1", "one"), stored("2", "two")] });
    const deliveries = await asked;
    expect(idsOf(deliveries)).toEqual(["1", "2"]);
    const [first] = deliveries;
    expect(new TextDecoder().decode(first?.body)).toBe("one");
    expect(first?.leaseMs).toBeGreaterThan(20_000);
    expect(first?.leaseMs).toBeLessThanOrEqual(30_000);
    await consumer.close();
  });

  test("keeps what was not asked for, and hands it over before a failure", async () => {
    const { consumer } = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b"), stored("3", "c")] });
    expect(idsOf(await consumer.receiveBatch({ ...ASK, maxItems: 2 }, never))).toEqual(["1", "2"]);
    server.stream(0).end(new GrpcError(status.NOT_FOUND, "deleted"));
    await until(() => server.stream(0).isCancelled || server.streams.length === 1);
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["3"]);
    const error = await rejection(consumer.receiveBatch(ASK, never));
    expect(adapter.classify(error, "receive").code).toBe("NOT_FOUND");
    await consumer.close();
  });

  test("an aborted ask takes nothing; what comes later goes to the next", async () => {
    const { consumer } = await opened();
    const controller = new AbortController();
    const asked = consumer.receiveBatch(ASK, controller.signal);
    controller.abort();
    expect(await asked).toEqual([]);
    server.stream(0).send({ receivedMessages: [stored("1", "a")] });
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1"]);
    expect(deadlines()).toEqual([]);
    await consumer.close();
  });

  test.each([
    ["NOT_FOUND", status.NOT_FOUND],
    ["ACCESS_DENIED", status.PERMISSION_DENIED],
    ["UNAUTHENTICATED", status.UNAUTHENTICATED],
  ])("open rejects with %s if the stream does", async (code, number) => {
    server.greets = false;
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
    const opening = rejection(consumer.open?.(never));
    await until(() => server.streams.length === 1);
    server.stream(0).end(new GrpcError(number, "refused"));
    expect(adapter.classify(await opening, "open").code).toBe(code);
    await consumer.close();
  });

  test("what is closed while it opens begins no stream afterwards", async () => {
    const looked = Promise.withResolvers<void>();
    server.answer("GetSubscription", async () => {
      await looked.promise;
      return undefined;
    });
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
    const opening = consumer.open?.(never);
    await until(() => server.count("GetSubscription") === 1);
    await consumer.close();
    looked.resolve();
    await opening;
    // A stream would arrive before this answer.
    await adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never);
    expect(server.streams).toHaveLength(0);
  });

  test("open does not need the right to read the subscription, and rejects if it is missing", async () => {
    server.answer("GetSubscription", (nth) =>
      nth === 1 ? new GrpcError(status.PERMISSION_DENIED, "no") : new GrpcError(status.NOT_FOUND, "gone"),
    );
    const { consumer } = await opened();
    const other = adapter.openConsumer(queue(adapter), consumerOptions());
    expect(adapter.classify(await rejection(other.open?.(never)), "open").code).toBe("NOT_FOUND");
    await Promise.all([consumer.close(), other.close()]);
  });

  test("closing gives back what nobody began and touches nothing that was handed over", async () => {
    const { consumer } = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    const [held] = await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
    await consumer.close();
    expect(deadlines()).toEqual([[["ack-2"], 0]]);
    expect(server.stream(0).isHalfClosed).toBe(true);
    expect(await consumer.ackBatch([held?.handle], never)).toEqual([{ ok: true, value: undefined }]);
    expect(server.requests("Acknowledge")).toEqual([
      { subscription: "projects/p/subscriptions/orders", ackIds: ["ack-1"] },
    ]);
  });

  test("under exactly-once a delivery is handed over only when its lease is confirmed", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true };
    server.answer("ModifyAckDeadline", (nth) =>
      nth === 1 ? ackFailure({ "ack-1": "PERMANENT_FAILURE_INVALID_ACK_ID" }) : undefined,
    );
    const { consumer } = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
    expect(deadlines()).toEqual([[["ack-1", "ack-2"], 30]]);
    await consumer.close();
  });

  test("what waits for a handler is not handed over once the service has refused to renew it for good", async () => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    server.properties = { exactlyOnceDeliveryEnabled: true };
    const refusals = {
      "ack-2": "PERMANENT_FAILURE_INVALID_ACK_ID",
      "ack-3": "TRANSIENT_FAILURE_INVALID_ACK_ID",
    };
    server.answer("ModifyAckDeadline", (nth) => (nth === 1 ? undefined : ackFailure(refusals)));
    const { consumer } = await opened({ leaseMs: 60_000 });
    server.stream(0).send({ receivedMessages: ["1", "2", "3", "4"].map((id) => stored(id, "a")) });
    const [held] = await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
    for (let step = 0; step < 9; step += 1) await clock.advance(5_000);
    // What failed for now is tried three times.
    for (const [requests, pauseMs] of [
      [2, 200],
      [3, 300],
      [4, 0],
    ] as const) {
      await until(() => server.count("ModifyAckDeadline") === requests);
      await clock.advance(pauseMs);
    }
    // Its answer comes after that of the last renewal.
    await consumer.ackBatch([held?.handle], never);
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["3", "4"]);
    await consumer.close();
  });

  test("what comes when exactly-once is switched off waits for what is still being confirmed", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: true };
    const confirmed = Promise.withResolvers<void>();
    server.answer("ModifyAckDeadline", async (nth) => {
      if (nth === 1) await confirmed.promise;
      return undefined;
    });
    const { consumer } = await opened();
    const keyed = (id: string): ReturnType<typeof stored> =>
      stored(id, id, { message: { orderingKey: "x" } });
    const first = consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
    server.stream(0).send({ receivedMessages: [keyed("1")] });
    await until(() => server.count("ModifyAckDeadline") === 1);
    const subscriptionProperties = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true };
    server.stream(0).send({ subscriptionProperties, receivedMessages: [keyed("2")] });
    setTimeout(() => confirmed.resolve(), 100);
    expect(idsOf(await first)).toEqual(["1"]);
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
    await consumer.close();
  });

  test("what follows a lost delivery of its key is not handed over before it", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: true };
    server.answer("ModifyAckDeadline", () => ackFailure({ "ack-1": "PERMANENT_FAILURE_INVALID_ACK_ID" }));
    const { consumer } = await opened();
    const keyed = (id: string, orderingKey: string): ReturnType<typeof stored> =>
      stored(id, id, { message: { orderingKey } });
    server.stream(0).send({ receivedMessages: [keyed("1", "x"), keyed("2", "x"), keyed("3", "y")] });
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["3"]);
    await consumer.close();
  });

  test("what was confirmed behind a delivery that is gone goes back: kept here, it would be overtaken", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: true };
    server.answer("ModifyAckDeadline", (nth) =>
      nth === 1 ? ackFailure({ "ack-2": "PERMANENT_FAILURE_INVALID_ACK_ID" }) : undefined,
    );
    const { consumer } = await opened();
    const keyed = (id: string, ackId: string): object => ({
      ...stored(id, id, { message: { orderingKey: "x" } }),
      ackId,
    });
    // The service took the second back, behind the first, and sent both again.
    server.stream(0).send({
      receivedMessages: [keyed("2", "ack-2"), keyed("1", "again-1"), keyed("2", "again-2")],
    });
    await until(() => server.count("ModifyAckDeadline") === 2);
    expect(deadlines()).toEqual([
      [["ack-2", "again-1", "again-2"], 30],
      [["again-1", "again-2"], 0],
    ]);
    await consumer.close();
  });
});

describe.each(MAJORS)("single pulls with release %i", (major) => {
  useMajor(major);

  test("ask once, and give each delivery the consumer's lease", async () => {
    server.answer("Pull", () => ({ receivedMessages: [stored("1", "a")] }));
    const { consumer } = await opened({ mode: "pull", leaseMs: 60_000 });
    const [delivery] = await consumer.receiveBatch({ maxItems: 3, waitMs: 0 }, never);
    expect(delivery?.leaseMs).toBeGreaterThan(50_000);
    expect(server.requests("Pull")).toEqual([
      { subscription: "projects/p/subscriptions/orders", maxMessages: 3, returnImmediately: true },
    ]);
    expect(deadlines()).toEqual([[["ack-1"], 60]]);
    expect(server.streams).toHaveLength(0);
    await consumer.close();
  });

  test("take a deadline for an empty answer", async () => {
    server.answer("Pull", () => new GrpcError(status.DEADLINE_EXCEEDED, "nothing came"));
    const { consumer } = await opened({ mode: "pull" });
    expect(await consumer.receiveBatch({ maxItems: 3, waitMs: 100 }, never)).toEqual([]);
    await consumer.close();
  });

  test("what comes after its ask goes to the next one", async () => {
    const late = Promise.withResolvers<object>();
    server.answer("Pull", async () => await late.promise.then((reply) => ({ ...reply })));
    const { consumer } = await opened({ mode: "pull" });
    const controller = new AbortController();
    const asked = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("Pull") === 1);
    controller.abort();
    expect(await asked).toEqual([]);
    const next = consumer.receiveBatch(ASK, never);
    late.resolve({ receivedMessages: [stored("1", "a")] });
    expect(idsOf(await next)).toEqual(["1"]);
    expect(server.count("Pull")).toBe(1);
    await consumer.close();
  });

  test("what nobody asks for any more goes back", async () => {
    const late = Promise.withResolvers<object>();
    server.answer("Pull", async () => await late.promise.then((reply) => ({ ...reply })));
    const { consumer } = await opened({ mode: "pull" });
    const controller = new AbortController();
    const asked = consumer.receiveBatch(ASK, controller.signal);
    await until(() => server.count("Pull") === 1);
    controller.abort();
    await asked;
    const closing = consumer.close();
    late.resolve({ receivedMessages: [stored("1", "a")] });
    await closing;
    expect(deadlines().at(-1)).toEqual([["ack-1"], 0]);
  });
});
